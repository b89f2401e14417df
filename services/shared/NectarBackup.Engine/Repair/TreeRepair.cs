using System.Buffers;
using System.Text;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Repair;

/// <summary>What became of a tree.</summary>
/// <param name="Id">Its new id, or the old one if nothing was changed; null if it cannot be read at all.</param>
/// <param name="Losses">Paths below it that are not whole any more, as many as are shown.</param>
internal sealed record RepairedTree(ObjectId? Id, IReadOnlyList<string> Losses);

/// <summary>
/// Makes trees readable again, bottom up: files lose the content that is in no index, directories whose tree cannot be read become empty; what is changed carries
/// an error text that says so, in a field that restic knows. Every tree is looked at once.
/// </summary>
/// <param name="repository">Its index must be loaded.</param>
/// <param name="store">Stores a new tree; null only to find out what would change.</param>
internal sealed class TreeRepair(Repository repository, Action<ObjectId, byte[]>? store)
{
    /// <summary>Paths that are named for each tree; levels after which the stack is given up; and levels that are followed at all.</summary>
    private const int MaxLosses = 100,
        FreshStackEvery = 64,
        MaxDepth = 4096;

    private readonly EntrySet _sound = new(repository.Index);
    private readonly Dictionary<ObjectId, RepairedTree> _known = [];

    public async ValueTask<RepairedTree> RunAsync(ObjectId tree, int depth, CancellationToken cancellationToken)
    {
        var entry = repository.Index.FindEntry(BlobType.Tree, tree);
        if (entry >= 0 && _sound.Contains(entry))
            return new RepairedTree(tree, []);
        if (_known.TryGetValue(tree, out var known))
            return known;
        if (depth % FreshStackEvery == FreshStackEvery - 1)
            await Task.Yield();
        var json = depth > MaxDepth ? null : await LoadAsync(tree, cancellationToken);
        if (json is null)
            return _known[tree] = new RepairedTree(null, ["/"]);
        var subtrees = new Dictionary<ObjectId, RepairedTree>();
        foreach (var subtree in FindSubtrees(json, tree))
            subtrees[subtree] = await RunAsync(subtree, depth + 1, cancellationToken);
        var losses = new List<string>();
        var edit = Edit(json, tree, subtrees, losses);
        if (!edit.IsChanged)
        {
            _sound.Add(entry);
            return new RepairedTree(tree, []);
        }
        var changed = edit.Finish();
        var id = ObjectId.Of(changed);
        store?.Invoke(id, changed);
        return _known[tree] = new RepairedTree(id, losses);
    }

    /// <returns>The text of a tree that can be read from start to end; null if it is damaged.</returns>
    /// <exception cref="StoreException">The store does not answer: that is no damage.</exception>
    private async Task<byte[]?> LoadAsync(ObjectId tree, CancellationToken cancellationToken)
    {
        try
        {
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, tree, cancellationToken);
            FindSubtrees(json, tree);
            return json;
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            return null;
        }
        catch (StoreException e) when (e.IsNotFound || e.Fault == StoreFault.TooShort)
        {
            return null;
        }
    }

    private static List<ObjectId> FindSubtrees(byte[] json, ObjectId tree)
    {
        var subtrees = new List<ObjectId>();
        var text = new TreeText(json, new ArrayBufferWriter<ObjectId>(), tree);
        while (text.Read())
            if (text.Kind == NodeKind.Directory && text.Subtree is { } subtree)
                subtrees.Add(subtree);
        return subtrees;
    }

    private TreeEdit Edit(byte[] json, ObjectId tree, Dictionary<ObjectId, RepairedTree> subtrees, List<string> losses)
    {
        var edit = new TreeEdit(json);
        var content = new ArrayBufferWriter<ObjectId>();
        var text = new TreeText(json, content, tree);
        while (text.Read())
        {
            if (text.Kind == NodeKind.File)
                EditFile(edit, text, content.WrittenSpan, losses);
            else if (text.Kind == NodeKind.Directory)
                EditDirectory(edit, text, subtrees, losses);
            else
                edit.Keep(text);
        }
        return edit;
    }

    private void EditFile(TreeEdit edit, in TreeText node, ReadOnlySpan<ObjectId> content, List<string> losses)
    {
        var kept = new List<ObjectId>();
        long size = 0;
        foreach (var id in content)
        {
            if (!repository.Index.TryFind(BlobType.Data, id, out var place))
                continue;
            kept.Add(id);
            size += place.Blob.ContentLength;
        }
        if (node.HasContent && kept.Count == content.Length)
        {
            edit.Keep(node);
            return;
        }
        Note(losses, node, "");
        edit.ReplaceContent(
            node,
            kept,
            size,
            $"repaired: {content.Length - kept.Count} of {content.Length} chunks are lost"
        );
    }

    private void EditDirectory(
        TreeEdit edit,
        in TreeText node,
        Dictionary<ObjectId, RepairedTree> subtrees,
        List<string> losses
    )
    {
        var below = node.Subtree is { } old ? subtrees[old] : new RepairedTree(null, ["/"]);
        foreach (var path in below.Losses)
            Note(losses, node, path);
        if (below.Id is null)
        {
            store?.Invoke(EmptyTree.Id, EmptyTree.Json.ToArray());
            edit.ReplaceSubtree(node, EmptyTree.Id, "repaired: the directory's content is lost");
        }
        else if (below.Id != node.Subtree)
            edit.ReplaceSubtree(node, below.Id.Value, null);
        else
            edit.Keep(node);
    }

    private static void Note(List<string> losses, in TreeText node, string below)
    {
        if (losses.Count >= MaxLosses)
            return;
        var name = node.DecodeName() is { } bytes ? Encoding.UTF8.GetString(bytes) : "?";
        losses.Add("/" + name + below);
    }
}
