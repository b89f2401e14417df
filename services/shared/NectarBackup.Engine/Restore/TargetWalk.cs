using NectarBackup.Engine.Browse;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// The way down in the target, side by side with the walk through the tree. A directory is made when something in it is restored, so that what the
/// rules leave out leaves no empty directories behind.
/// </summary>
internal sealed class TargetWalk
{
    private readonly RestoreRun _run;
    private readonly Stack<Level> _levels = [];

    private sealed class Level(Level? parent, Node? node, byte[] path)
    {
        public Level? Parent { get; } = parent;
        public Node? Node { get; } = node;
        public byte[] Path { get; } = path;
        public Folder? Folder { get; set; }
        public bool HasFailed { get; set; }
    }

    public TargetWalk(RestoreRun run)
    {
        _run = run;
        var root = new Level(null, null, "/"u8.ToArray());
        if (run.Root is { } handle)
            root.Folder = new Folder(run, null, null, root.Path, handle, isNew: false);
        _levels.Push(root);
    }

    /// <summary>Opens the target, and makes it if it is missing; null in a dry run if it is.</summary>
    public static RestoreDirectory? OpenRoot(RestoreRun run)
    {
        var text = run.Plan.Target;
        var options = new RestoreOptions
        {
            CreateDevices = true,
            ReplaceOtherTypes = run.Plan.Delete,
            OnMetadataProblem = problem => run.Fault(InSnapshot(problem.Path.Span, text), "metadata", problem),
        };
        try
        {
            return RestoreDirectory.OpenRoot(text, options);
        }
        catch (LocalFileException e) when (e.Error == LocalFileError.Vanished)
        {
            if (run.Plan.DryRun)
                return null;
        }
        Make(text, options);
        return RestoreDirectory.OpenRoot(text, options);
    }

    // What fails below an open directory is named by its path in the target.
    private static byte[] InSnapshot(ReadOnlySpan<byte> path, ReadOnlySpan<byte> target) =>
        path.StartsWith(target) ? [(byte)'/', .. path[target.Length..].TrimStart((byte)'/')] : path.ToArray();

    // The components that exist are the user's own and may be links; those that do not are made one by one.
    private static void Make(byte[] path, RestoreOptions options)
    {
        var clean = PathPattern.Clean(path);
        var missing = new Stack<byte[]>();
        while (true)
        {
            var slash = Array.LastIndexOf(clean, (byte)'/');
            missing.Push(clean[(slash + 1)..]);
            clean = slash switch
            {
                < 0 => "."u8.ToArray(),
                0 => "/"u8.ToArray(),
                _ => clean[..slash],
            };
            try
            {
                var at = RestoreDirectory.OpenRoot(clean, options);
                while (missing.TryPop(out var name))
                {
                    using var holder = at;
                    at = holder.EnterDirectory(name);
                }
                at.Dispose();
                return;
            }
            catch (LocalFileException e) when (e.Error == LocalFileError.Vanished && clean.Length > 1) { }
        }
    }

    /// <summary>Goes down into the directory that the walk has entered.</summary>
    public void Enter(TreeWalk walk) =>
        _levels.Push(new Level(_levels.Peek(), _run.Nodes.Copy(walk.Node), walk.Path.ToArray()));

    /// <summary>Goes up again.</summary>
    public void Leave() => Close(_levels.Pop());

    /// <summary>As <see cref="Leave"/>, for a directory that could not be made.</summary>
    public void Drop() => Leave();

    /// <summary>The walk ended, perhaps too early.</summary>
    public void LeaveAll()
    {
        while (_levels.TryPop(out var level))
            Close(level);
    }

    private void Close(Level level)
    {
        if (level.Folder is { } folder)
            folder.Release();
        else if (level.Node is { } node)
            _run.Nodes.Return(node);
    }

    /// <summary>The directory of the target that the walk is in, made if need be; null if that failed, which has been told.</summary>
    public Folder? Open() => Open(_levels.Peek());

    private Folder? Open(Level level)
    {
        // From the nearest one that is open downwards, in a loop: directories may lie thousands deep.
        var missing = new Stack<Level>();
        for (var at = level; at is not null && at.Folder is null; at = at.Parent)
            missing.Push(at);
        while (missing.TryPop(out var next))
        {
            if (next.HasFailed || next.Parent?.Folder is not { } holder)
            {
                next.HasFailed = true;
                continue;
            }
            try
            {
                next.Folder = Make(holder, next);
            }
            catch (LocalFileException e)
            {
                next.HasFailed = true;
                _run.Fault(next.Path, "write", e);
                _run.StopIfHopeless(e);
            }
        }
        return level.Folder;
    }

    private Folder Make(Folder holder, Level level)
    {
        var name = level.Node!.Name.Span;
        var isThere = holder.TryGetStatus(name, out var there);
        if (isThere && there.Type != NodeType.Directory && _run.Plan.Overwrite != OverwritePolicy.Never)
            holder.Handle.Remove(name); // a file or a link; never what it points to
        var handle = holder.Handle.EnterDirectory(name);
        holder.Hold();
        return new Folder(_run, holder, level.Node, level.Path, handle, !isThere || there.Type != NodeType.Directory);
    }

    /// <summary>As <see cref="Open()"/>, but only if the directory is in the target already.</summary>
    public Folder? OpenIfThere()
    {
        var level = _levels.Peek();
        if (level.Folder is not null || level.HasFailed)
            return level.Folder;
        return
            level.Parent?.Folder is { } holder
            && holder.TryGetStatus(level.Node!.Name.Span, out var there)
            && there.Type == NodeType.Directory
            ? Open(level)
            : null;
    }

    /// <summary>Deletes what is in the directory and not in its tree, as far as the rules would restore it. A tree that cannot be read deletes nothing.</summary>
    public async Task DeleteExtraAsync(ObjectId tree, Func<ReadOnlySpan<byte>, bool> isWanted)
    {
        if (OpenIfThere() is not { IsNew: false } folder)
            return;
        try
        {
            using var names = folder.Handle.ReadNames();
            if (names.Count == 0)
                return;
            var isKept = new bool[names.Count];
            var json = await _run.Repository.Blobs.LoadAsync(BlobType.Tree, tree, _run.Stopped).ConfigureAwait(false);
            var reader = new TreeReader(json, $"tree {tree}");
            for (var node = new Node(); reader.Read(node); )
                if (names.IndexOf(node.Name.Span) is >= 0 and var at)
                    isKept[at] = true;
            for (var i = 0; i < names.Count; i++)
                if (!isKept[i] && isWanted(folder.PathOf(names[i])))
                    Delete(folder, names[i]);
        }
        catch (Exception e) when (e is RepositoryException or Stores.StoreException)
        {
            // The walk is about to meet the same tree, and tells.
        }
        catch (LocalFileException e)
        {
            _run.Fault(folder.Path, "delete", e);
        }
    }

    private void Delete(Folder folder, ReadOnlySpan<byte> name)
    {
        try
        {
            if (!_run.Plan.DryRun)
                folder.Handle.Remove(name);
            _run.Plan.Progress.EntryDeleted();
            _run.Tell(folder, name, RestoreAction.Deleted);
        }
        catch (LocalFileException e)
        {
            _run.Fault(folder.PathOf(name), "delete", e);
        }
    }

    /// <summary>A dry run's look at an entry that is no directory: what would be done is told and counted.</summary>
    public void Pretend(TreeWalk walk)
    {
        var node = walk.Node;
        var progress = _run.Plan.Progress;
        var there = default(FileStatus);
        var isThere = OpenIfThere() is { } folder && folder.TryGetStatus(node.Name.Span, out there);
        var isLeft = isThere && OverwriteRules.LeavesAlone(_run.Plan.Overwrite, there, node);
        if (node.Type != NodeType.File)
        {
            if (!isLeft)
                progress.OtherDone();
        }
        else if (isLeft)
        {
            progress.FileSkipped();
        }
        else
        {
            progress.FileDone();
            progress.Written((long)node.Size);
        }
        _run.Tell(
            walk.Path.ToArray(),
            isLeft ? RestoreAction.Unchanged
                : isThere ? RestoreAction.Updated
                : RestoreAction.Restored
        );
    }
}
