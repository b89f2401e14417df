using System.Buffers;
using System.Text;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Check;

/// <summary>
/// Finds the snapshots and files that damage hits. Every tree is looked at once: of a sound one only a bit is kept, of a damaged one the first few paths below it,
/// so that the next snapshot that has it takes them over.
/// </summary>
internal sealed class DamageSearch(Repository repository, Findings findings)
{
    /// <summary>Paths that are named for each snapshot, and how deep directories are followed.</summary>
    private const int MaxPaths = 50,
        MaxDepth = 400;

    private readonly EntrySet _sound = new(repository.Index);
    private readonly Dictionary<ObjectId, List<string>> _damaged = [];

    public async Task<List<SnapshotDamage>> RunAsync(
        IEnumerable<Snapshot> snapshots,
        CancellationToken cancellationToken
    )
    {
        var result = new List<SnapshotDamage>();
        foreach (var snapshot in snapshots)
            if (await SearchAsync(snapshot.Tree, 0, cancellationToken) is { } paths)
                result.Add(new SnapshotDamage(snapshot.Id, [.. paths.Take(MaxPaths)], HasMore: paths.Count > MaxPaths));
        return result;
    }

    /// <returns>Paths below the tree that are hit, one more than are shown at most; null if there are none.</returns>
    private async ValueTask<List<string>?> SearchAsync(ObjectId tree, int depth, CancellationToken cancellationToken)
    {
        var entry = repository.Index.FindEntry(BlobType.Tree, tree);
        if (entry >= 0 && _sound.Contains(entry) || depth > MaxDepth)
            return null;
        if (_damaged.TryGetValue(tree, out var known))
            return known;
        if (entry < 0 || findings.IsLost(repository.Index, BlobType.Tree, tree))
            return _damaged[tree] = ["/"];
        var paths = new List<string>();
        try
        {
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, tree, cancellationToken);
            foreach (var (name, subtree) in ReadNodes(json, tree, paths))
            {
                var below = await SearchAsync(subtree, depth + 1, cancellationToken);
                foreach (var path in below ?? [])
                    if (paths.Count <= MaxPaths)
                        paths.Add("/" + name + (path == "/" ? "" : path));
            }
        }
        catch (Exception e) when (e is RepositoryException or StoreException)
        {
            return _damaged[tree] = ["/"];
        }
        if (paths.Count > 0)
            return _damaged[tree] = paths;
        _sound.Add(entry);
        return null;
    }

    /// <summary>Lists the subtrees, and adds the files that are hit to <paramref name="paths"/>.</summary>
    private List<(string Name, ObjectId Subtree)> ReadNodes(ReadOnlySpan<byte> json, ObjectId tree, List<string> paths)
    {
        var subtrees = new List<(string, ObjectId)>();
        var content = new ArrayBufferWriter<ObjectId>();
        var text = new TreeText(json, content, tree);
        while (text.Read())
        {
            var name = text.DecodeName() is { } bytes ? Encoding.UTF8.GetString(bytes) : "?";
            if (text.Subtree is { } subtree)
                subtrees.Add((name, subtree));
            if (paths.Count <= MaxPaths && text.Kind == NodeKind.File && IsHit(content.WrittenSpan, text.HasContent))
                paths.Add("/" + name);
        }
        return subtrees;
    }

    private bool IsHit(ReadOnlySpan<ObjectId> content, bool hasContent)
    {
        foreach (var id in content)
            if (findings.IsLost(repository.Index, BlobType.Data, id))
                return true;
        return !hasContent;
    }
}
