using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>Where a <see cref="TreeWalk"/> stands.</summary>
public enum TreeStep
{
    /// <summary>Nothing follows.</summary>
    End,

    /// <summary>A node that is no directory.</summary>
    Entry,

    /// <summary>A directory; what it holds comes next, unless <see cref="TreeWalk.Skip"/> is called.</summary>
    Enter,

    /// <summary>All of a directory has been seen; the node is the directory's again.</summary>
    Leave,

    /// <summary>A directory cannot be read, or not on from here: <see cref="TreeWalk.Fault"/> tells why. Its <see cref="Leave"/> follows.</summary>
    Fault,
}

/// <summary>
/// Walks a tree and all below it in order, depth first. Held in memory are the trees on the way to the node at hand and nothing else; a tree that
/// holds itself, or is nested without end, ends in a fault and not in a crash. One thread at a time. It tells every entry of every path, as listings and
/// archives need it; what only has to see each tree once, in any order, uses <see cref="Walks.TreeSweep"/>.
/// </summary>
/// <param name="repository">Its index must be loaded.</param>
/// <param name="root">The tree to walk; it has no step of its own.</param>
/// <param name="path">What the paths of the entries begin with.</param>
public sealed class TreeWalk(Repository repository, ObjectId root, ReadOnlyMemory<byte> path)
{
    /// <summary>Directories that may lie one in the other.</summary>
    public const int MaxDepth = 100_000;

    private readonly PathBuffer _path = StartOf(path.Span);
    private readonly Stack<Frame> _frames = [];
    private readonly HashSet<ObjectId> _ancestors = [];
    private readonly Node _rootNode = new() { Type = NodeType.Directory, Subtree = root };
    private Frame? _spare;
    private bool _isStarted;
    private bool _mustEnter;

    /// <summary>The node of the last step, good until the next one.</summary>
    public Node Node => _frames.Count > 0 ? _frames.Peek().Node : _rootNode;

    /// <summary>The tree that lists the node; zeros for the root.</summary>
    public ObjectId Parent => _frames.Count > 0 ? _frames.Peek().Tree : default;

    /// <summary>The node's whole path, good until the next step.</summary>
    public ReadOnlyMemory<byte> Path => _path.Memory;

    /// <summary>Directories above the node: 0 for what lies in the root.</summary>
    public int Depth => Math.Max(0, _frames.Count - 1);

    /// <summary>The cause of a <see cref="TreeStep.Fault"/>: a <see cref="RepositoryException"/> or a <see cref="Stores.StoreException"/>.</summary>
    public Exception? Fault { get; private set; }

    private static PathBuffer StartOf(ReadOnlySpan<byte> path)
    {
        var buffer = new PathBuffer();
        buffer.Reset(path);
        return buffer;
    }

    /// <summary>Goes on by one step. The fault of a root that cannot be read has the root's path.</summary>
    public async ValueTask<TreeStep> NextAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_isStarted)
        {
            _isStarted = true;
            _mustEnter = true;
        }
        if (_mustEnter)
        {
            _mustEnter = false;
            if (await EnterAsync(cancellationToken).ConfigureAwait(false) is { } fault)
            {
                Fault = fault;
                return TreeStep.Fault;
            }
        }
        else if (_frames.TryPeek(out var at))
        {
            _path.Cut(at.PathLength);
        }
        return _frames.Count == 0 ? TreeStep.End : Advance();
    }

    /// <summary>After <see cref="TreeStep.Enter"/>: what the directory holds is passed over, and so is its <see cref="TreeStep.Leave"/>.</summary>
    public void Skip() => _mustEnter = false;

    private TreeStep Advance()
    {
        var frame = _frames.Peek();
        try
        {
            if (frame.Reader is not null && frame.Reader.Read(frame.Node))
            {
                _path.Push(frame.Node.Name.Span);
                _mustEnter = frame.Node.Type == NodeType.Directory;
                return _mustEnter ? TreeStep.Enter : TreeStep.Entry;
            }
        }
        catch (RepositoryException e)
        {
            frame.Reader = null; // the next step leaves it
            Fault = e;
            return TreeStep.Fault;
        }
        _frames.Pop();
        if (frame.IsAncestor)
            _ancestors.Remove(frame.Tree);
        frame.Reader = null;
        _spare = frame;
        return _frames.Count == 0 ? TreeStep.End : TreeStep.Leave;
    }

    /// <summary>Opens the directory at hand. One that cannot be read is one without entries, and the cause is returned.</summary>
    private async ValueTask<Exception?> EnterAsync(CancellationToken cancellationToken)
    {
        var directory = Node;
        var frame = _spare ?? new Frame();
        _spare = null;
        frame.PathLength = _path.Length;
        frame.IsAncestor = false;
        frame.Tree = directory.Subtree ?? default;
        try
        {
            if (directory.Subtree is not { } tree)
                return RepositoryException.Damaged(BytePath.Display(_path.Span), "the directory has no tree");
            if (_frames.Count > MaxDepth)
                return RepositoryException.Damaged($"tree {tree}", $"it lies below {MaxDepth} others");
            if (!(frame.IsAncestor = _ancestors.Add(tree)))
                return RepositoryException.Damaged($"tree {tree}", "it holds itself");
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, tree, cancellationToken).ConfigureAwait(false);
            frame.Reader = new TreeReader(json, $"tree {tree}");
            return null;
        }
        catch (Exception e) when (e is RepositoryException or Stores.StoreException)
        {
            return e;
        }
        finally
        {
            _frames.Push(frame);
        }
    }

    private sealed class Frame
    {
        public Node Node { get; } = new();
        public TreeReader? Reader { get; set; }
        public bool IsAncestor { get; set; }
        public ObjectId Tree { get; set; }
        public int PathLength { get; set; }
    }
}
