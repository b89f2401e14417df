using System.Runtime.CompilerServices;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>
/// Compares two trees side by side, and counts the blobs that only one of them needs (restic <c>diff</c>). Trees with the same id are not
/// walked for differences, but their blobs are looked at once: held in memory are the ids of the blobs of both.
/// </summary>
public sealed class SnapshotDiff(Repository repository)
{
    private readonly HashSet<ObjectId> _first = [],
        _second = [];

    /// <summary>Report entries of which only the metadata differ.</summary>
    public bool WithMetadata { get; init; }

    /// <summary>Told of trees that cannot be read: path and cause. What lies below them counts as not there.</summary>
    public Action<ReadOnlyMemory<byte>, Exception> OnFault { get; init; } = static (_, _) => { };

    public int ChangedFiles { get; private set; }
    public DiffCounts Added { get; } = new();
    public DiffCounts Removed { get; } = new();

    /// <summary>All differences in order. When the last one was given out, the counts are whole.</summary>
    public async IAsyncEnumerable<DiffEntry> CompareAsync(
        ObjectId first,
        ObjectId second,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var path = new PathBuffer();
        path.Reset("/"u8);
        var levels = new Stack<DiffLevel>();
        await PushAsync(levels, path, first, second, cancellationToken).ConfigureAwait(false);
        while (levels.TryPeek(out var level))
        {
            path.Cut(level.PathLength);
            if (!level.Next(path, OnFault))
            {
                levels.Pop();
                continue;
            }
            var (a, b) = (level.A, level.B);
            path.Push((a ?? b)!.Name.Span);
            var kind = Compare(a, b);
            Count(a, b, kind);
            if (kind != DiffKind.None && (kind != DiffKind.MetadataChanged || WithMetadata))
                yield return new DiffEntry(path.Memory, (b ?? a)!.Type, kind);
            var (treeA, treeB) = (TreeOf(a), TreeOf(b));
            if (treeA is null && treeB is null)
                continue;
            if (treeA == treeB)
                await CollectAsync(treeA!.Value, path.Memory, cancellationToken).ConfigureAwait(false);
            else
                await PushAsync(levels, path, treeA, treeB, cancellationToken).ConfigureAwait(false);
        }
        CountBlobs();
    }

    private static ObjectId? TreeOf(Node? node) => node?.Type == NodeType.Directory ? node.Subtree : null;

    private static DiffKind Compare(Node? a, Node? b)
    {
        if (a is null)
            return DiffKind.Added;
        if (b is null)
            return DiffKind.Removed;
        if (a.Type != b.Type)
            return DiffKind.TypeChanged;
        var kind = DiffKind.None;
        if (
            !a.Content.WrittenSpan.SequenceEqual(b.Content.WrittenSpan)
            || !a.LinkTarget.Span.SequenceEqual(b.LinkTarget.Span)
        )
            kind |= DiffKind.Modified;
        if (!HaveSameMetadata(a, b))
            kind |= DiffKind.MetadataChanged;
        return kind;
    }

    private static bool HaveSameMetadata(Node a, Node b) =>
        a.Mode == b.Mode
        && a.ModifyTime == b.ModifyTime
        && a.AccessTime == b.AccessTime
        && a.ChangeTime == b.ChangeTime
        && a.UserId == b.UserId
        && a.GroupId == b.GroupId
        && a.User == b.User
        && a.Group == b.Group
        && a.Inode == b.Inode
        && a.DeviceId == b.DeviceId
        && a.Device == b.Device
        && a.Links == b.Links
        && a.Size == b.Size
        && HaveSameAttributes(a.ExtendedAttributes, b.ExtendedAttributes);

    private static bool HaveSameAttributes(List<ExtendedAttribute> a, List<ExtendedAttribute> b)
    {
        if (a.Count != b.Count)
            return false;
        for (var i = 0; i < a.Count; i++)
            if (!a[i].Name.Span.SequenceEqual(b[i].Name.Span) || !a[i].Value.Span.SequenceEqual(b[i].Value.Span))
                return false;
        return true;
    }

    private void Count(Node? a, Node? b, DiffKind kind)
    {
        if (kind == DiffKind.Added)
            Added.Count(b!.Type);
        else if (kind == DiffKind.Removed)
            Removed.Count(a!.Type);
        else if (kind.HasFlag(DiffKind.Modified) && b!.Type == NodeType.File)
            ChangedFiles++;
        if (a is not null)
            foreach (var id in a.Content.WrittenSpan)
                _first.Add(id);
        if (b is not null)
            foreach (var id in b.Content.WrittenSpan)
                _second.Add(id);
    }

    private async Task PushAsync(
        Stack<DiffLevel> levels,
        PathBuffer path,
        ObjectId? first,
        ObjectId? second,
        CancellationToken cancellationToken
    )
    {
        if (levels.Count > TreeWalk.MaxDepth)
        {
            OnFault(path.Memory, RepositoryException.Damaged("the trees", $"they are nested {TreeWalk.MaxDepth} deep"));
            return;
        }
        levels.Push(
            new DiffLevel(
                path.Length,
                await OpenAsync(first, _first, path, cancellationToken).ConfigureAwait(false),
                await OpenAsync(second, _second, path, cancellationToken).ConfigureAwait(false)
            )
        );
    }

    private async Task<TreeReader?> OpenAsync(
        ObjectId? tree,
        HashSet<ObjectId> blobs,
        PathBuffer path,
        CancellationToken cancellationToken
    )
    {
        if (tree is not { } id)
            return null;
        blobs.Add(id);
        try
        {
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, id, cancellationToken).ConfigureAwait(false);
            return new TreeReader(json, $"tree {id}");
        }
        catch (Exception e) when (e is RepositoryException or Stores.StoreException)
        {
            OnFault(path.Memory, e);
            return null;
        }
    }

    /// <summary>The blobs of a tree that both have.</summary>
    private async Task CollectAsync(ObjectId tree, ReadOnlyMemory<byte> path, CancellationToken cancellationToken)
    {
        if (_first.Contains(tree) && _second.Contains(tree))
            return;
        _first.Add(tree);
        _second.Add(tree);
        var walk = new TreeWalk(repository, tree, path);
        TreeStep step;
        while ((step = await walk.NextAsync(cancellationToken).ConfigureAwait(false)) != TreeStep.End)
        {
            if (step == TreeStep.Fault)
                OnFault(walk.Path, walk.Fault!);
            else if (step == TreeStep.Enter && walk.Node.Subtree is { } subtree)
            {
                // Bitwise: both have to get it.
                if (!(_first.Add(subtree) | _second.Add(subtree)))
                    walk.Skip();
            }
            else if (step == TreeStep.Entry)
            {
                _first.UnionWith(walk.Node.Content.WrittenMemory.ToArray());
                _second.UnionWith(walk.Node.Content.WrittenMemory.ToArray());
            }
        }
    }

    private void CountBlobs()
    {
        foreach (var id in _first)
            if (!_second.Contains(id))
                CountBlob(Removed, id);
        foreach (var id in _second)
            if (!_first.Contains(id))
                CountBlob(Added, id);
    }

    private void CountBlob(DiffCounts counts, ObjectId id)
    {
        var isTree = repository.Index.TryFind(BlobType.Tree, id, out var place);
        if (!isTree && !repository.Index.TryFind(BlobType.Data, id, out place))
            return;
        if (isTree)
            counts.TreeBlobs++;
        else
            counts.DataBlobs++;
        counts.Bytes += place.Blob.Length;
    }
}
