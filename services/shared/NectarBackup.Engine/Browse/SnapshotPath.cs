using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>Finds what lies at a path of a snapshot's tree.</summary>
public static class SnapshotPath
{
    /// <summary>Splits <c>snapshot:path</c> as users write it; the path is empty if there is none.</summary>
    public static (string Snapshot, byte[] Path) Split(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (text, []) : (text[..colon], Encoding.UTF8.GetBytes(text[(colon + 1)..]));
    }

    /// <summary>The node at a path, or null for the root itself. The path may begin with '/' or not; "." and ".." are resolved by the text alone.</summary>
    /// <exception cref="RepositoryException">NoSuchItem: nothing lies there. Damaged: a tree on the way cannot be read.</exception>
    public static async Task<Node?> FindAsync(
        Repository repository,
        ObjectId root,
        ReadOnlyMemory<byte> path,
        CancellationToken cancellationToken
    )
    {
        Node? found = null;
        ObjectId? tree = root;
        // A leading slash makes the cleaning drop ".." that lead above the root.
        var parts = PathPattern.Split(PathPattern.Clean([(byte)'/', .. path.Span])).Skip(1);
        foreach (var part in parts)
        {
            if (tree is not { } id)
                throw NotThere(path.Span);
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, id, cancellationToken).ConfigureAwait(false);
            found = Find(new TreeReader(json, $"tree {id}"), part) ?? throw NotThere(path.Span);
            tree = found.Type == NodeType.Directory ? found.Subtree : null;
        }
        return found;
    }

    /// <summary>The tree of the directory at a path.</summary>
    /// <exception cref="RepositoryException">NoSuchItem: nothing lies there. Refused: it is no directory. Damaged.</exception>
    public static async Task<ObjectId> FindTreeAsync(
        Repository repository,
        ObjectId root,
        ReadOnlyMemory<byte> path,
        CancellationToken cancellationToken
    )
    {
        var node = await FindAsync(repository, root, path, cancellationToken).ConfigureAwait(false);
        if (node is null)
            return root;
        if (node.Type != NodeType.Directory)
            throw new RepositoryException(
                RepositoryError.Refused,
                $"'{BytePath.Display(path.Span)}' is no directory of the snapshot",
                "name the directory that holds it"
            );
        return node.Subtree
            ?? throw RepositoryException.Damaged(BytePath.Display(path.Span), "the directory has no tree");
    }

    // Old repositories may hold trees out of order, so the whole tree is searched.
    private static Node? Find(TreeReader reader, ReadOnlySpan<byte> name)
    {
        var node = new Node();
        while (reader.Read(node))
            if (node.Name.Span.SequenceEqual(name))
                return node;
        return null;
    }

    private static RepositoryException NotThere(ReadOnlySpan<byte> path) =>
        new(
            RepositoryError.NoSuchItem,
            $"the snapshot holds nothing at '{BytePath.Display(path)}'",
            "list the snapshot with 'ls' to see its paths"
        );
}
