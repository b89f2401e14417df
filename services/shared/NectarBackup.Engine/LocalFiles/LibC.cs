using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// The calls of glibc that .NET has no equal for: everything relative to a directory descriptor, with names as raw bytes. All arguments are
/// blittable. Results are as in the manual pages: -1 and <see cref="LastError"/>.
/// </summary>
internal static unsafe partial class LibC
{
    internal const int AtCurrentDirectory = -100;
    internal const int AtSymlinkNoFollow = 0x100;
    internal const int AtRemoveDirectory = 0x200;
    internal const int AtNoAutomount = 0x800;
    internal const int AtEmptyPath = 0x1000;

    internal const int ReadOnly = 0;
    internal const int WriteOnly = 1;
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int NonBlocking = 0x800;
    internal const int NoAccessTime = 0x40000;
    internal const int CloseOnExec = 0x80000;
    internal const int PathOnly = 0x200000;

    // These two are the only flags used here that differ between the processors (asm/fcntl.h of x86 and arm64).
    internal static readonly int Directory = IsArm64 ? 0x4000 : 0x10000;
    internal static readonly int NoFollow = IsArm64 ? 0x8000 : 0x20000;

    internal const int SeekData = 3;
    internal const int SeekHole = 4;

    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    internal static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The effective user is root. Read once: nothing here changes it.</summary>
    internal static readonly uint EffectiveUser = EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAtOnce(int directory, byte* name, int flags, uint mode);

    /// <summary>openat(2), tried again when a signal interrupts it.</summary>
    internal static int OpenAt(int directory, byte* name, int flags, uint mode = 0)
    {
        int descriptor;
        do descriptor = OpenAtOnce(directory, name, flags, mode);
        while (descriptor < 0 && LastError == Errno.Interrupted);
        return descriptor;
    }

    // close(2) on Linux frees the descriptor even if it reports an error: never call it again.
    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    internal static partial nint ReadEntries(int directory, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int StatX(int directory, byte* name, int flags, uint mask, StatXBuffer* result);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    internal static partial nint ReadLinkAt(int directory, byte* name, byte* buffer, nint size);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(int descriptor, byte* buffer, nint size, long offset);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    internal static partial int Advise(int descriptor, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    internal static partial nint ListAttributes(byte* path, byte* list, nint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
    internal static partial nint GetAttribute(byte* path, byte* name, byte* value, nint size);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    internal static partial nint ListAttributes(int descriptor, byte* list, nint size);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    internal static partial nint GetAttribute(int descriptor, byte* name, byte* value, nint size);

    [LibraryImport("libc", EntryPoint = "getpwuid_r")]
    internal static partial int GetUser(uint id, AccountEntry* entry, byte* buffer, nuint size, AccountEntry** result);

    [LibraryImport("libc", EntryPoint = "getgrgid_r")]
    internal static partial int GetGroup(uint id, AccountEntry* entry, byte* buffer, nuint size, AccountEntry** result);

    /// <summary>The head of <c>struct passwd</c> and <c>struct group</c>, which both begin with the name; padded to hold either.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    internal struct AccountEntry
    {
        internal byte* Name;
    }

    /// <summary><c>struct statx</c> of linux/stat.h: the same on every processor, unlike <c>struct stat</c>.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatXBuffer
    {
        internal uint Mask;
        internal uint BlockSize;
        internal ulong Attributes;
        internal uint Links;
        internal uint UserId;
        internal uint GroupId;
        internal ushort Mode;
        private readonly ushort _spare;
        internal ulong Inode;
        internal ulong Size;
        internal ulong Blocks;
        internal ulong AttributesMask;
        internal StatXTime AccessTime;
        internal StatXTime BirthTime;
        internal StatXTime ChangeTime;
        internal StatXTime ModifyTime;
        internal uint DeviceNodeMajor;
        internal uint DeviceNodeMinor;
        internal uint DeviceMajor;
        internal uint DeviceMinor;
        internal ulong MountId;
    }

    [StructLayout(LayoutKind.Sequential, Size = 16)]
    internal struct StatXTime
    {
        internal long Seconds;
        internal uint Nanoseconds;
    }

    /// <summary>Copies <paramref name="name"/> and a final NUL to <paramref name="buffer"/>, which has one byte more than the name.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Terminate(ReadOnlySpan<byte> name, byte* buffer)
    {
        name.CopyTo(new Span<byte>(buffer, name.Length));
        buffer[name.Length] = 0;
    }
}
