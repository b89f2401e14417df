using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Check;

/// <summary>What kind of fault a check found.</summary>
public enum CheckFault
{
    /// <summary>A key file cannot be read; passwords of other keys still open the repository.</summary>
    KeyDamaged,

    /// <summary>An index file cannot be read; the packs in it count as not indexed.</summary>
    IndexDamaged,

    /// <summary>Two index files say different things about one pack, or one names an impossible place.</summary>
    IndexDisagrees,

    /// <summary>An index names a pack that is not there.</summary>
    PackMissing,

    /// <summary>A pack has not the size that follows from its index entries.</summary>
    PackSize,

    /// <summary>No index names the pack. Harmless: what an interrupted backup left; prune removes it.</summary>
    PackNotIndexed,

    /// <summary>A pack's bytes do not match its name, its header or its index.</summary>
    PackDamaged,

    /// <summary>A blob cannot be opened.</summary>
    BlobDamaged,

    /// <summary>A snapshot file cannot be read.</summary>
    SnapshotDamaged,

    /// <summary>A tree that a snapshot needs cannot be read.</summary>
    TreeDamaged,

    /// <summary>A node of a tree lacks what its type needs, or has a name that no file can have.</summary>
    NodeInvalid,

    /// <summary>Names in a tree are not in ascending order. Harmless here; some programs refuse it.</summary>
    TreeUnsorted,

    /// <summary>Content of a file is in no index.</summary>
    ContentMissing,

    /// <summary>The store could not be read. What lies there may be whole: try again.</summary>
    Unreadable,
}

/// <summary>One fault.</summary>
/// <param name="Fault">Its kind.</param>
/// <param name="Object">The file of the repository that has it; null if a blob cannot be assigned to any.</param>
/// <param name="Message">What is wrong, with the object's name.</param>
/// <param name="Hint">The way out.</param>
public sealed record CheckFinding(CheckFault Fault, ObjectName? Object, string Message, string? Hint)
{
    /// <summary>Not damage: nothing is lost by it.</summary>
    public bool IsWarning => Fault is CheckFault.PackNotIndexed or CheckFault.TreeUnsorted or CheckFault.KeyDamaged;
}

/// <summary>What damage costs: a snapshot and the files in it that cannot be restored whole.</summary>
/// <param name="Snapshot">Its id.</param>
/// <param name="Paths">Paths in the snapshot, for people: bytes that are no UTF-8 are replaced.</param>
/// <param name="HasMore">There are more than are listed.</param>
public sealed record SnapshotDamage(ObjectId Snapshot, IReadOnlyList<string> Paths, bool HasMore);

/// <summary>The result of a check.</summary>
public sealed record CheckReport
{
    public int Errors { get; init; }
    public int Warnings { get; init; }
    public int Snapshots { get; init; }

    /// <summary>Packs that the indexes name.</summary>
    public int Packs { get; init; }

    /// <summary>Packs whose every byte was read, and their bytes.</summary>
    public int PacksRead { get; init; }
    public long BytesRead { get; init; }

    /// <summary>Blobs that no snapshot needs; only counted, prune removes them.</summary>
    public int UnusedBlobs { get; init; }

    /// <summary>The snapshots that are hit; empty if nothing is lost.</summary>
    public IReadOnlyList<SnapshotDamage> Damage { get; init; } = [];

    public bool IsSound => Errors == 0;
}
