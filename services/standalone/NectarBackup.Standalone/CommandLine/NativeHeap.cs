using System.Runtime.InteropServices;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>
/// glibc's allocator keeps what was freed once it has seen large blocks come and go: the key derivation's 32 MiB would stay to the end. Fixed thresholds give
/// large blocks back at once.
/// </summary>
internal static partial class NativeHeap
{
    // malloc.h: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX.
    private const int TrimThreshold = -1,
        MapThreshold = -3,
        MaxArenas = -8;

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int Set(int parameter, int value);

    /// <summary>Costs a few system calls for each block of a mebibyte or more; harmless where there is no glibc.</summary>
    public static void ReturnLargeBlocks()
    {
        try
        {
            _ = Set(MapThreshold, 1 << 20) & Set(TrimThreshold, 1 << 20) & Set(MaxArenas, 2);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library: it has no such thresholds.
        }
    }
}
