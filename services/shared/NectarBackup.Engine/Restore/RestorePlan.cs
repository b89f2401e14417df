using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>What becomes of a file that is in the target already (restic <c>restore --overwrite</c>).</summary>
public enum OverwritePolicy
{
    /// <summary>It is compared with the snapshot chunk by chunk, and what differs is written.</summary>
    Always,

    /// <summary>As <see cref="Always"/>, but a file of the same size and modification time is taken to be the same.</summary>
    IfChanged,

    /// <summary>As <see cref="Always"/>, but a file that was modified at the same time or later stays.</summary>
    IfNewer,

    /// <summary>It stays.</summary>
    Never,
}

/// <summary>What is restored, where to and how.</summary>
public sealed record RestorePlan
{
    /// <summary>The directory that gets the tree's entries; made if it is missing. Raw bytes; it may lead through symbolic links.</summary>
    public required byte[] Target { get; init; }

    /// <summary>What is left out; paths begin with '/' at the tree that is restored.</summary>
    public ExcludeRules Excludes { get; init; } = new();

    /// <summary>If it has patterns, only what they match, and all below it, is restored.</summary>
    public IncludeRules Includes { get; init; } = new();

    public OverwritePolicy Overwrite { get; init; }

    /// <summary>Delete what lies in restored directories and is not in the snapshot; what the rules leave out stays.</summary>
    public bool Delete { get; init; }

    /// <summary>Leave holes where the content has long runs of zeros.</summary>
    public bool Sparse { get; init; }

    /// <summary>Look and count, but change nothing.</summary>
    public bool DryRun { get; init; }

    /// <summary>Read all restored files again and compare them with the snapshot.</summary>
    public bool Verify { get; init; }

    /// <summary>Threads that read packs and write files; 0: as many as there are processors, more if the store is far away.</summary>
    public int Workers { get; init; }

    /// <summary>Told of every entry that could not be restored whole; called from several threads, one at a time.</summary>
    public Action<RestoreFault> OnFault { get; init; } = static _ => { };

    /// <summary>Told of every entry that is dealt with (path in the snapshot, what became of it); called from several threads, one at a time.</summary>
    public Action<ReadOnlyMemory<byte>, RestoreAction>? OnEntry { get; init; }

    /// <summary>Counts as the restore goes on.</summary>
    public RestoreProgress Progress { get; init; } = new();
}

/// <summary>What a restore did with an entry.</summary>
public enum RestoreAction
{
    /// <summary>It was not in the target.</summary>
    Restored,

    /// <summary>Content or type were others.</summary>
    Updated,

    /// <summary>It was there as the snapshot has it, or the policy let it be.</summary>
    Unchanged,

    /// <summary>It was in the target but not in the snapshot.</summary>
    Deleted,
}

/// <summary>An entry that is not, or not wholly, as in the snapshot.</summary>
/// <param name="Path">Its path in the restored tree, raw bytes, beginning with '/'.</param>
/// <param name="During">What failed: tree, content, write, metadata, delete, verify.</param>
/// <param name="Message">For people.</param>
/// <param name="Cause">The exception, if one was caught.</param>
public sealed record RestoreFault(byte[] Path, string During, string Message, Exception? Cause);
