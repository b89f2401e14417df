using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>How an entry differs between two snapshots; several of the last four may hold at once.</summary>
[Flags]
public enum DiffKind
{
    None = 0,

    /// <summary>Only the second has it.</summary>
    Added = 1,

    /// <summary>Only the first has it.</summary>
    Removed = 2,

    /// <summary>Both have it with another content, or another target of a link.</summary>
    Modified = 4,

    /// <summary>It became another type of entry.</summary>
    TypeChanged = 8,

    /// <summary>The metadata differ.</summary>
    MetadataChanged = 16,
}

/// <summary>One difference.</summary>
/// <param name="Path">Raw bytes, beginning with '/'; good until the next one is asked for.</param>
/// <param name="Type">The type of the entry; of the second snapshot's if it is in both.</param>
/// <param name="Kind">What differs.</param>
public readonly record struct DiffEntry(ReadOnlyMemory<byte> Path, NodeType Type, DiffKind Kind);

/// <summary>What only one of two snapshots has.</summary>
public sealed class DiffCounts
{
    public int Files { get; internal set; }
    public int Directories { get; internal set; }
    public int Others { get; internal set; }
    public int DataBlobs { get; internal set; }
    public int TreeBlobs { get; internal set; }

    /// <summary>Bytes of these blobs as they are stored, sealed and compressed.</summary>
    public long Bytes { get; internal set; }

    internal void Count(NodeType type)
    {
        if (type == NodeType.File)
            Files++;
        else if (type == NodeType.Directory)
            Directories++;
        else
            Others++;
    }
}
