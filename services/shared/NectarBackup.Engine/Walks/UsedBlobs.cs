using System.Buffers;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Walks;

/// <summary>
/// Which blobs some trees need: themselves, all trees below them, and the content of all files. One bit for each entry of the index; of a blob that lies in several
/// packs the bit of the first entry counts.
/// </summary>
internal sealed class UsedBlobs : ITreeVisitor
{
    private readonly EntrySet _used;

    private UsedBlobs(Repository repository) => _used = new EntrySet(repository.Index);

    /// <summary>Walks the trees. The repository's index must be loaded.</summary>
    /// <exception cref="RepositoryException">Damaged: a tree cannot be read, or a blob is in no index; nothing may then be concluded from this.</exception>
    /// <exception cref="Stores.StoreException">A tree cannot be read.</exception>
    public static async Task<EntrySet> FindAsync(
        Repository repository,
        IEnumerable<ObjectId> roots,
        int workers,
        CancellationToken cancellationToken
    )
    {
        var found = new UsedBlobs(repository);
        var trees = roots.ToList();
        foreach (var root in trees)
            found.Use(BlobType.Tree, root, root);
        using var walk = new TreeSweep(repository, found, workers);
        await walk.RunAsync(trees, cancellationToken);
        return found._used;
    }

    public void Visit(
        ObjectId tree,
        ReadOnlySpan<byte> json,
        ArrayBufferWriter<ObjectId> content,
        List<ObjectId> subtrees
    )
    {
        var text = new TreeText(json, content, tree);
        while (text.Read())
        {
            if (
                text.Kind == NodeKind.File && !text.HasContent
                || text.Kind == NodeKind.Directory && text.Subtree is null
            )
                throw RepositoryException.Damaged($"tree {tree}", "a node has neither content nor subtree");
            foreach (var id in content.WrittenSpan)
                Use(BlobType.Data, id, tree);
            if (text.Subtree is not { } subtree)
                continue;
            Use(BlobType.Tree, subtree, tree);
            subtrees.Add(subtree);
        }
    }

    private void Use(BlobType type, ObjectId id, ObjectId tree)
    {
        var entry = _used.Index.FindEntry(type, id);
        if (entry < 0)
            throw RepositoryException.Damaged(
                $"{type.ToString().ToLowerInvariant()} blob {id}",
                $"tree {tree.Short} needs it, and no index knows where it is"
            );
        _used.Add(entry);
    }

    public void Fail(ObjectId tree, Exception error) =>
        throw error switch
        {
            Stores.StoreException e => new Stores.StoreException(e.Fault, $"tree {tree}: {e.Message}", e),
            RepositoryException e => new RepositoryException(e.Error, e.Message, e.Hint, e),
            _ => error,
        };
}
