using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// Writes a tree of a snapshot into a directory. In steps:
/// <list type="number">
/// <item>The walk goes through the tree in order, makes directories, links and devices, and collects the chunks of files in a window.</item>
/// <item>A full window goes to the workers: chunks that an existing file holds already are taken out, the rest is sorted by pack and offset.</item>
/// <item>Workers read ranges of packs, open each blob once and write it to all its places; a file is created when its first chunk comes.</item>
/// <item>Whoever writes the last chunk of a file sets its length and metadata; whoever ends the last entry of a directory sets the directory's.</item>
/// </list>
/// Nothing but a few windows and the directories on the way is held in memory. What fails is told and counted, and the rest goes on.
/// </summary>
public sealed class Restorer
{
    private readonly RestoreRun _run;
    private readonly RestoreWorkers _workers;
    private readonly TargetWalk _target;
    private readonly Dictionary<(ulong Device, ulong Inode), LinkSource> _links = [];
    private RestoreWindow _window;

    private Restorer(RestoreRun run, RestoreWorkers workers)
    {
        (_run, _workers) = (run, workers);
        _target = new TargetWalk(run);
        _window = workers.TakeWindow();
    }

    private RestorePlan Plan => _run.Plan;

    /// <summary>Restores a tree. The repository's index must be loaded.</summary>
    /// <param name="repository">Where from.</param>
    /// <param name="tree">A snapshot's tree, or one below it (<see cref="SnapshotPath.FindTreeAsync"/>).</param>
    /// <param name="plan">What, where to and how.</param>
    /// <param name="cancellationToken">Stops soon; what was begun is left as it is.</param>
    /// <returns>The plan's own progress: no faults means that all is restored.</returns>
    /// <exception cref="LocalFileException">The target cannot be opened, or its disk is full.</exception>
    public static async Task<RestoreProgress> RunAsync(
        Repository repository,
        ObjectId tree,
        RestorePlan plan,
        CancellationToken cancellationToken
    )
    {
        using var run = new RestoreRun(repository, plan, cancellationToken);
        using var root = TargetWalk.OpenRoot(run);
        run.Root = root;
        await using var workers = new RestoreWorkers(run);
        var restorer = new Restorer(run, workers);
        try
        {
            await restorer.WalkAsync(tree).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            run.Stop(e);
        }
        restorer._target.LeaveAll();
        await workers.SubmitAsync(restorer._window).ConfigureAwait(false);
        await workers.FinishAsync().ConfigureAwait(false);
        return plan.Progress;
    }

    private async Task WalkAsync(ObjectId tree)
    {
        var walk = new TreeWalk(_run.Repository, tree, "/"u8.ToArray());
        if (Plan.Delete)
            await _target.DeleteExtraAsync(tree, IsWanted).ConfigureAwait(false);
        TreeStep step;
        while ((step = await walk.NextAsync(_run.Stopped).ConfigureAwait(false)) != TreeStep.End)
        {
            switch (step)
            {
                case TreeStep.Fault:
                    _run.Fault(walk.Path.ToArray(), "tree", walk.Fault!);
                    break;
                case TreeStep.Leave:
                    _target.Leave();
                    break;
                case TreeStep.Enter:
                    if (!await EnterAsync(walk).ConfigureAwait(false))
                        walk.Skip();
                    break;
                case TreeStep.Entry:
                    await RestoreEntryAsync(walk).ConfigureAwait(false);
                    break;
            }
            if (_window.IsFull)
                await SubmitAsync().ConfigureAwait(false);
        }
    }

    private async Task SubmitAsync()
    {
        await _workers.SubmitAsync(_window).ConfigureAwait(false);
        _window = _workers.TakeWindow();
    }

    private bool IsWanted(ReadOnlySpan<byte> path) => Plan.Includes.IsIncluded(path) && !Plan.Excludes.IsExcluded(path);

    private async ValueTask<bool> EnterAsync(TreeWalk walk)
    {
        var path = walk.Path;
        if (Plan.Excludes.IsExcluded(path.Span) || !IsGoodName(walk))
            return false;
        var isWanted = Plan.Includes.IsIncluded(path.Span);
        if (!isWanted && !Plan.Includes.MayIncludeBelow(path.Span))
            return false;
        _target.Enter(walk);
        if (isWanted && !Plan.DryRun && _target.Open() is null)
        {
            _target.Drop();
            return false;
        }
        if (Plan.Delete && walk.Node.Subtree is { } tree)
            await _target.DeleteExtraAsync(tree, IsWanted).ConfigureAwait(false);
        _window.CountFolder();
        return true;
    }

    /// <summary>A name that leads elsewhere is the mark of a forged tree; it is told once and passed over.</summary>
    private bool IsGoodName(TreeWalk walk)
    {
        var name = walk.Node.Name.Span;
        if (
            !name.IsEmpty
            && name.Length <= BytePath.MaxNameLength
            && name.IndexOfAny((byte)0, (byte)'/') < 0
            && !name.SequenceEqual("."u8)
            && !name.SequenceEqual(".."u8)
        )
            return true;
        _run.Fault(walk.Path.ToArray(), "tree", $"'{BytePath.Display(name)}' is no name that an entry may have", null);
        return false;
    }

    private async ValueTask RestoreEntryAsync(TreeWalk walk)
    {
        if (!IsWanted(walk.Path.Span) || !IsGoodName(walk))
            return;
        if (walk.Node.Type == NodeType.File)
            Plan.Progress.FileFound((long)walk.Node.Size);
        if (Plan.DryRun)
        {
            _target.Pretend(walk);
            return;
        }
        if (_target.Open() is not { } folder)
            return;
        var mayExist = folder.TryGetStatus(walk.Node.Name.Span, out var there);
        if (mayExist && OverwriteRules.LeavesAlone(Plan.Overwrite, there, walk.Node))
        {
            Skip(folder, walk.Node);
            return;
        }
        try
        {
            if (walk.Node.Type == NodeType.File)
                await RestoreFileAsync(folder, walk, mayExist).ConfigureAwait(false);
            else if (walk.Node.Type == NodeType.Unknown)
                _run.Fault(walk.Path.ToArray(), "tree", "it is of a type that cannot be restored", null);
            else
                RestoreSpecial(folder, walk.Node, mayExist);
        }
        catch (LocalFileException e)
        {
            _run.Fault(walk.Path.ToArray(), "write", e);
            _run.StopIfHopeless(e);
        }
    }

    private void Skip(Folder folder, Node node)
    {
        if (node.Type == NodeType.File)
            Plan.Progress.FileSkipped();
        _run.Tell(folder, node.Name.Span, RestoreAction.Unchanged);
    }

    private void RestoreSpecial(Folder folder, Node node, bool mayExist)
    {
        folder.Handle.CreateSpecial(node.Name.Span, node);
        Plan.Progress.OtherDone();
        _run.Tell(folder, node.Name.Span, mayExist ? RestoreAction.Updated : RestoreAction.Restored);
    }

    private async ValueTask RestoreFileAsync(Folder folder, TreeWalk walk, bool mayExist)
    {
        var node = walk.Node;
        LinkSource? links = null;
        if (node.Links > 1)
        {
            var key = (node.DeviceId, node.Inode);
            if (_links.TryGetValue(key, out var first))
            {
                first.Link(_run, folder, node.Name.ToArray());
                _window.CountFile(isOfSeveralChunks: false);
                return;
            }
            _links.Add(key, links = new LinkSource(folder, node.Name.ToArray()));
        }
        var file = new PendingFile(_run, folder, _run.Nodes.Copy(node), mayExist, links);
        try
        {
            _window.CountFile(node.Content.WrittenCount > 1);
            for (var i = 0; i < node.Content.WrittenCount; i++)
            {
                if (!AddChunk(file, node.Content.WrittenSpan[i]))
                    break;
                if (_window.IsFull && i + 1 < node.Content.WrittenCount)
                {
                    await SubmitAsync().ConfigureAwait(false);
                    _window.CountFile(isOfSeveralChunks: true);
                    _run.ThrowIfStopped();
                }
            }
        }
        finally
        {
            file.Done();
        }
    }

    private bool AddChunk(PendingFile file, ObjectId id)
    {
        var at = file.Length;
        if (Plan.Sparse && id == ZeroChunk.Id && !file.MayExist)
        {
            // A hole: nothing to fetch, the file's length covers it.
            file.Add(id, ZeroChunk.Size, isPending: false);
            Plan.Progress.Written(ZeroChunk.Size);
            return true;
        }
        if (_run.Repository.Index.TryFind(BlobType.Data, id, out var place))
        {
            if (place.Blob.Length > RangeReader.MaxStoredLength)
            {
                file.Fail("content", RepositoryException.Damaged($"data blob {id}", "its length is impossible"));
                return false;
            }
            file.Add(id, place.Blob.ContentLength, isPending: true);
            _window.Add(file, at, place);
            return true;
        }
        // Without its length nothing is known of where the next chunk begins.
        file.Fail("content", RepositoryException.Damaged($"data blob {id}", "no index knows where it is"));
        return false;
    }
}
