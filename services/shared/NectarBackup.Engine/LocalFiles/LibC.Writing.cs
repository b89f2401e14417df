using System.Runtime.InteropServices;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>The calls that a restore makes.</summary>
internal static unsafe partial class LibC
{
    // openat2(2) has no wrapper in glibc before 2.43; the number is the same on every processor (linux/openat2.h).
    private const nint OpenAt2Number = 437;
    private const ulong ResolveNoMagicLinks = 0x02;
    private const ulong ResolveNoSymlinks = 0x04;
    private const ulong ResolveBeneath = 0x08;

    internal const int PunchHole = 0x02;
    internal const int KeepSize = 0x01;

    private static volatile bool s_lacksOpenAt2;

    /// <summary>
    /// Opens one component below a directory, and surely nothing else: no symbolic link, no "..", no way out. A kernel or a container's filter without
    /// openat2 gets plain openat with O_NOFOLLOW, which is as strict for a single component without a slash.
    /// </summary>
    internal static int OpenBeneath(int directory, byte* name, int flags, uint mode = 0)
    {
        flags |= NoFollow | CloseOnExec;
        if (s_lacksOpenAt2)
            return OpenAt(directory, name, flags, mode);
        var how = new OpenHow
        {
            Flags = (uint)flags,
            Mode = mode,
            Resolve = ResolveBeneath | ResolveNoSymlinks | ResolveNoMagicLinks,
        };
        while (true)
        {
            var descriptor = (int)OpenAt2(OpenAt2Number, directory, name, &how, (nuint)sizeof(OpenHow));
            if (descriptor >= 0)
                return descriptor;
            // EAGAIN: a rename anywhere raced with the walk (openat2(2)).
            if (LastError is Errno.Interrupted or Errno.TryAgain)
                continue;
            if (LastError != Errno.NotImplemented)
                return -1;
            s_lacksOpenAt2 = true;
            return OpenAt(directory, name, flags, mode);
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint OpenAt2(nint number, nint directory, byte* name, OpenHow* how, nuint size);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    internal static partial int MakeDirectoryAt(int directory, byte* name, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    internal static partial int UnlinkAt(int directory, byte* name, int flags);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    internal static partial int SymlinkAt(byte* target, int directory, byte* name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    internal static partial int LinkAt(int directory, byte* name, int newDirectory, byte* newName, int flags);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    internal static partial int MakeNodeAt(int directory, byte* name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint WriteAt(int descriptor, byte* buffer, nint size, long offset);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int Truncate(int descriptor, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(int descriptor, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    internal static partial int ChangeOwnerAt(int directory, byte* name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    internal static partial int ChangeMode(byte* path, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    internal static partial int SetTimesAt(int directory, byte* name, TimeSpec* times, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    internal static partial int SetTimes(int descriptor, TimeSpec* times);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true)]
    internal static partial int SetAttribute(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lremovexattr", SetLastError = true)]
    internal static partial int RemoveAttribute(byte* path, byte* name);

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true)]
    internal static partial int SetAttributeFollowing(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "removexattr", SetLastError = true)]
    internal static partial int RemoveAttributeFollowing(byte* path, byte* name);

    /// <summary><c>struct open_how</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        internal ulong Flags;
        internal ulong Mode;
        internal ulong Resolve;
    }

    /// <summary><c>struct timespec</c> of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct TimeSpec(long seconds, long nanoseconds)
    {
        internal long Seconds = seconds;
        internal long Nanoseconds = nanoseconds;
    }
}
