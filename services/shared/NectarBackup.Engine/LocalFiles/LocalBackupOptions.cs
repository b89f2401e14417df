namespace NectarBackup.Engine.LocalFiles;

/// <summary>What of the local file system is backed up, and how.</summary>
public sealed record LocalBackupOptions
{
    /// <summary>Raw bytes, absolute or relative to <see cref="WorkingDirectory"/>.</summary>
    public required IReadOnlyList<byte[]> Paths { get; init; }

    /// <summary>Absolute.</summary>
    public required byte[] WorkingDirectory { get; init; }

    public ExcludeRules Excludes { get; init; } = new();

    /// <summary>Do not enter directories of other file systems than the targets'.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>Store the real access times; else the modification times stand for them, and an unchanged tree stays unchanged.</summary>
    public bool WithAccessTime { get; init; }

    /// <summary>Judge a file unchanged without its inode number: for file systems that make them up.</summary>
    public bool IgnoreInode { get; init; }

    /// <summary>Judge a file unchanged without its change time.</summary>
    public bool IgnoreChangeTime { get; init; }

    /// <summary>Told of every entry that could not be stored whole; called on the reading thread.</summary>
    public Action<LocalBackupFault> OnFault { get; init; } = static _ => { };

    /// <summary>Told of every entry that is done (path, what became of it); null if nobody listens.</summary>
    public Action<ReadOnlyMemory<byte>, EntryChange>? OnEntry { get; init; }
}

/// <summary>What became of an entry compared with the parent snapshot.</summary>
public enum EntryChange
{
    New,
    Changed,
    Unchanged,
}

/// <summary>An entry that is missing from the snapshot, or is not a point in time.</summary>
/// <param name="Path">Raw bytes.</param>
/// <param name="During">What failed: scan, read, ...</param>
/// <param name="Message">For people.</param>
public sealed record LocalBackupFault(byte[] Path, string During, string Message);
