using System.Runtime.CompilerServices;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>What statx(2) tells of one entry, never following a symbolic link in its place.</summary>
public readonly struct FileStatus
{
    // Types of st_mode (linux/stat.h: S_IFMT and below it).
    private const uint TypeMask = 0xf000;
    private const uint WantedFields = 0x7ff | 0x1000; // STATX_BASIC_STATS | STATX_MNT_ID

    private FileStatus(in LibC.StatXBuffer raw)
    {
        RawMode = raw.Mode;
        UserId = raw.UserId;
        GroupId = raw.GroupId;
        Inode = raw.Inode;
        DeviceId = MakeDevice(raw.DeviceMajor, raw.DeviceMinor);
        Device = MakeDevice(raw.DeviceNodeMajor, raw.DeviceNodeMinor);
        Links = raw.Links;
        Size = (long)Math.Min(raw.Size, long.MaxValue);
        Blocks = raw.Blocks;
        ModifyTime = Time(raw.ModifyTime);
        AccessTime = Time(raw.AccessTime);
        ChangeTime = Time(raw.ChangeTime);
        MountId = raw.MountId;
    }

    /// <summary><c>st_mode</c>: type and permissions.</summary>
    public uint RawMode { get; }

    public NodeType Type =>
        (RawMode & TypeMask) switch
        {
            0x8000 => NodeType.File,
            0x4000 => NodeType.Directory,
            0xa000 => NodeType.Symlink,
            0x6000 => NodeType.BlockDevice,
            0x2000 => NodeType.CharDevice,
            0x1000 => NodeType.Fifo,
            0xc000 => NodeType.Socket,
            _ => NodeType.Unknown,
        };

    /// <summary>The low 12 bits: permissions, setuid, setgid, sticky.</summary>
    public uint Mode => RawMode & 0xfff;

    public uint UserId { get; }
    public uint GroupId { get; }
    public ulong Inode { get; }

    /// <summary>The device that holds the entry, in glibc's encoding of <c>st_dev</c>.</summary>
    public ulong DeviceId { get; }

    /// <summary>The device that a device node stands for, in glibc's encoding of <c>st_rdev</c>; 0 for all else.</summary>
    public ulong Device { get; }

    public uint Links { get; }

    /// <summary>Bytes, as the file system reports them for any type.</summary>
    public long Size { get; }

    /// <summary>Allocated units of 512 bytes: fewer than the size needs if there are holes.</summary>
    public ulong Blocks { get; }

    public NodeTime ModifyTime { get; }
    public NodeTime AccessTime { get; }
    public NodeTime ChangeTime { get; }

    /// <summary>The mount that the entry is seen through; 0 before Linux 5.8.</summary>
    public ulong MountId { get; }

    /// <summary>A regular file with fewer blocks than its size needs: worth asking for its holes.</summary>
    public bool MayHaveHoles => Blocks < ((ulong)Size >> 9);

    /// <summary>The same inode of the same device.</summary>
    public bool IsSameEntry(in FileStatus other) => Inode == other.Inode && DeviceId == other.DeviceId;

    /// <summary>glibc <c>gnu_dev_makedev</c>: 12 + 20 bits of each number interleaved in 64.</summary>
    internal static ulong MakeDevice(uint major, uint minor) =>
        (minor & 0xffUL) | ((major & 0xfffUL) << 8) | ((minor & 0xffffff00UL) << 12) | ((major & 0xfffff000UL) << 32);

    private static NodeTime Time(in LibC.StatXTime time) => new(time.Seconds, (int)time.Nanoseconds);

    /// <summary>The status of <paramref name="name"/> below a directory; 0 or the errno.</summary>
    [SkipLocalsInit]
    internal static unsafe int Read(int directory, ReadOnlySpan<byte> name, out FileStatus status)
    {
        status = default;
        if (name.Length > BytePath.MaxNameLength)
            return Errno.NameTooLong;
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        LibC.Terminate(name, terminated);
        LibC.StatXBuffer raw;
        var flags = LibC.AtSymlinkNoFollow | LibC.AtNoAutomount | (name.IsEmpty ? LibC.AtEmptyPath : 0);
        if (LibC.StatX(directory, terminated, flags, WantedFields, &raw) != 0)
            return LibC.LastError;
        status = new FileStatus(raw);
        return 0;
    }

    /// <summary>The status of an open descriptor; 0 or the errno.</summary>
    internal static int Read(int descriptor, out FileStatus status) => Read(descriptor, default, out status);
}
