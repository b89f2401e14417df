using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// A directory of the target that is open for its entries. It is finished, by whoever lets go of it last, when the walk has left it and all files and
/// directories in it are done: only then do its own times hold.
/// </summary>
internal sealed class Folder(
    RestoreRun run,
    Folder? parent,
    Node? node,
    byte[] path,
    RestoreDirectory handle,
    bool isNew
)
{
    private int _holds = 1;

    /// <summary>The path in the snapshot, beginning with '/'.</summary>
    public byte[] Path { get; } = path;

    public RestoreDirectory Handle { get; } = handle;

    /// <summary>It was made just now: nothing lies in it that this restore has not put there.</summary>
    public bool IsNew { get; } = isNew;

    public bool TryGetStatus(ReadOnlySpan<byte> name, out FileStatus status)
    {
        status = default;
        return !IsNew && FileStatus.Read(Handle.Descriptor, name, out status) == 0;
    }

    public byte[] PathOf(ReadOnlySpan<byte> name) => BytePath.Join(Path, name);

    public void Hold() => Interlocked.Increment(ref _holds);

    /// <summary>As <see cref="Hold"/> for one who does not hold it yet; false if it is closed.</summary>
    public bool TryHold()
    {
        for (var holds = Volatile.Read(ref _holds); holds > 0; )
        {
            var seen = Interlocked.CompareExchange(ref _holds, holds + 1, holds);
            if (seen == holds)
                return true;
            holds = seen;
        }
        return false;
    }

    public void Release()
    {
        // A loop, not a recursion: directories may lie thousands deep.
        for (var folder = this; folder is not null && Interlocked.Decrement(ref folder._holds) == 0; )
            folder = folder.Finish();
    }

    private Folder? Finish()
    {
        try
        {
            if (node is not null && !run.IsStopped && !run.Plan.DryRun)
            {
                Handle.FinishDirectory(node);
                run.Plan.Progress.DirectoryDone();
                run.Tell(Path, IsNew ? RestoreAction.Restored : RestoreAction.Unchanged);
            }
        }
        catch (LocalFileException e)
        {
            run.Fault(Path, "metadata", e);
        }
        finally
        {
            Handle.Dispose();
            if (node is not null)
                run.Nodes.Return(node);
        }
        return parent;
    }
}
