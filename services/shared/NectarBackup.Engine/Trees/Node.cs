using System.Buffers;

namespace NectarBackup.Engine.Trees;

/// <summary>What a node of a tree is (restic <c>data.NodeType</c>); <see cref="Unknown"/> covers types of other programs' trees.</summary>
public enum NodeType : byte
{
    Unknown,
    File,
    Directory,
    Symlink,
    BlockDevice,
    CharDevice,
    Fifo,
    Socket,
}

/// <summary>A point in time as trees store it: whole seconds since 1970-01-01 UTC and nanoseconds (0 to 999,999,999).</summary>
public readonly record struct NodeTime(long Seconds, int Nanoseconds);

/// <summary>An extended attribute; the name has no trailing NUL.</summary>
public readonly record struct ExtendedAttribute(ReadOnlyMemory<byte> Name, ReadOnlyMemory<byte> Value);

/// <summary>
/// The metadata of one entry of a directory, names as raw bytes. A mutable record that readers and sources fill again and again: whoever keeps
/// one longer than a call makes a copy.
/// </summary>
public sealed class Node
{
    /// <summary>One path component as the file system has it: any bytes but '/' and NUL, not empty, neither "." nor "..".</summary>
    public ReadOnlyMemory<byte> Name { get; set; }

    public NodeType Type { get; set; }

    /// <summary>Permissions with setuid, setgid and sticky: the low 12 bits of <c>st_mode</c> (octal 0000 to 7777).</summary>
    public uint Mode { get; set; }

    public NodeTime ModifyTime { get; set; }
    public NodeTime AccessTime { get; set; }
    public NodeTime ChangeTime { get; set; }
    public uint UserId { get; set; }
    public uint GroupId { get; set; }

    /// <summary>The user's name; empty if it has none.</summary>
    public string User { get; set; } = "";

    public string Group { get; set; } = "";
    public ulong Inode { get; set; }

    /// <summary>The device that holds the entry (<c>st_dev</c>).</summary>
    public ulong DeviceId { get; set; }

    /// <summary>Bytes of a file's content; 0 for all else.</summary>
    public ulong Size { get; set; }

    /// <summary>Hard links; stored for everything but directories.</summary>
    public ulong Links { get; set; }

    /// <summary>The target of a symbolic link, raw bytes.</summary>
    public ReadOnlyMemory<byte> LinkTarget { get; set; }

    /// <summary>The device that a device node stands for (<c>st_rdev</c>).</summary>
    public ulong Device { get; set; }

    /// <summary>In the order of <c>listxattr</c>; POSIX ACLs are among them under their raw names.</summary>
    public List<ExtendedAttribute> ExtendedAttributes { get; } = [];

    /// <summary>The ids of a file's chunks, in order; only meaningful for files. Filled by readers; writers pass content apart.</summary>
    public ArrayBufferWriter<ObjectId> Content { get; } = new(1);

    /// <summary>The tree of a directory; filled by readers.</summary>
    public ObjectId? Subtree { get; set; }

    /// <summary>Why the entry could not be read whole, if so.</summary>
    public string? Error { get; set; }

    /// <summary>Makes every property what it is in a new node.</summary>
    public void Clear()
    {
        Name = default;
        Type = NodeType.Unknown;
        Mode = 0;
        ModifyTime = AccessTime = ChangeTime = default;
        UserId = GroupId = 0;
        User = Group = "";
        Inode = DeviceId = Size = Links = Device = 0;
        LinkTarget = default;
        ExtendedAttributes.Clear();
        Content.ResetWrittenCount();
        Subtree = null;
        Error = null;
    }
}
