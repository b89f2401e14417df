using System.Buffers;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Walks;

/// <summary>What a walk meets. Called by several threads at once.</summary>
internal interface ITreeVisitor
{
    /// <summary>A tree was loaded, and its id is proved.</summary>
    /// <param name="tree">Its id.</param>
    /// <param name="json">Its text.</param>
    /// <param name="content">Scratch for <see cref="TreeText"/>.</param>
    /// <param name="subtrees">To be filled with the trees to go on with.</param>
    void Visit(ObjectId tree, ReadOnlySpan<byte> json, ArrayBufferWriter<ObjectId> content, List<ObjectId> subtrees);

    /// <summary>A tree could not be loaded or read; throwing ends the walk.</summary>
    void Fail(ObjectId tree, Exception error);
}

/// <summary>
/// Loads every tree below some roots, each once, on several threads; the deepest ones first, as they lie beside each other in the packs. What waits is bounded by the
/// number of trees in the index, and a tree that the index does not know is reported and not followed. It knows no paths and parses no entries, so that checking and
/// pruning cost one look at each tree however many snapshots share it; what needs paths in order uses <see cref="Browse.TreeWalk"/>.
/// </summary>
internal sealed class TreeSweep(Repository repository, ITreeVisitor visitor, int workers) : IDisposable
{
    private readonly EntrySet _seen = new(repository.Index);
    private readonly Stack<ObjectId> _waiting = [];
    private readonly SemaphoreSlim _ready = new(0);
    private int _open;

    /// <exception cref="OperationCanceledException"/>
    public async Task RunAsync(IEnumerable<ObjectId> roots, CancellationToken cancellationToken)
    {
        _open = 1; // this method, until all roots are in
        Push([.. roots]);
        Done();
        await Crew.RunAsync(workers, WorkAsync, cancellationToken);
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        var content = new ArrayBufferWriter<ObjectId>();
        var subtrees = new List<ObjectId>();
        while (true)
        {
            await _ready.WaitAsync(cancellationToken);
            ObjectId tree;
            lock (_waiting)
                if (!_waiting.TryPop(out tree))
                    return;
            subtrees.Clear();
            try
            {
                var json = await repository.Blobs.LoadAsync(BlobType.Tree, tree, cancellationToken);
                visitor.Visit(tree, json, content, subtrees);
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                visitor.Fail(tree, e);
            }
            Push(subtrees);
            Done();
        }
    }

    private void Push(List<ObjectId> trees)
    {
        var added = 0;
        foreach (var tree in trees)
        {
            var entry = repository.Index.FindEntry(BlobType.Tree, tree);
            if (entry < 0)
            {
                visitor.Fail(tree, RepositoryException.Damaged($"tree {tree}", "no index knows where it is"));
                continue;
            }
            if (!_seen.Add(entry))
                continue;
            Interlocked.Increment(ref _open);
            lock (_waiting)
                _waiting.Push(tree);
            added++;
        }
        if (added > 0)
            _ready.Release(added);
    }

    private void Done()
    {
        if (Interlocked.Decrement(ref _open) == 0)
            _ready.Release(workers);
    }

    public void Dispose() => _ready.Dispose();
}
