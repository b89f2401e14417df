using System.Buffers;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Snapshots;

/// <summary>What statistics count (restic's <c>stats --mode</c>).</summary>
public enum StatisticsMode
{
    /// <summary>Nodes and bytes that a restore of each snapshot writes; hard links once.</summary>
    RestoreSize,

    /// <summary>Files and bytes, files of equal content once.</summary>
    FilesByContents,

    /// <summary>Blobs and bytes, each blob once for each path that has it.</summary>
    BlobsPerFile,

    /// <summary>Blobs that are needed, as they are stored.</summary>
    RawData,
}

/// <summary>The numbers; what a mode does not count is 0.</summary>
/// <param name="Snapshots">Snapshots that were counted.</param>
/// <param name="Files">Files, or nodes of every type for the restore size.</param>
/// <param name="Blobs">Blobs.</param>
/// <param name="Bytes">Of content; for raw data as it is stored.</param>
/// <param name="PlainBytes">For raw data: before compression.</param>
public sealed record SnapshotTotals(int Snapshots, long Files, long Blobs, long Bytes, long PlainBytes);

/// <summary>Counts what some snapshots hold. The repository's index must be loaded.</summary>
public sealed class SnapshotStatistics
{
    /// <summary>Levels of directories after which the walk leaves the stack that it has filled.</summary>
    private const int FreshStackEvery = 64;

    private readonly Repository _repository;
    private readonly StatisticsMode _mode;
    private readonly HashSet<(ulong Device, ulong Inode)> _links = [];
    private readonly HashSet<ObjectId> _seen = [];
    private readonly Dictionary<ObjectId, (long Files, long Bytes)> _known = [];
    private long _files;
    private long _blobs;
    private long _bytes;

    private SnapshotStatistics(Repository repository, StatisticsMode mode) => (_repository, _mode) = (repository, mode);

    /// <exception cref="RepositoryException">Damaged: a tree cannot be read.</exception>
    public static async Task<SnapshotTotals> CountAsync(
        Repository repository,
        IReadOnlyCollection<Snapshot> snapshots,
        StatisticsMode mode,
        CancellationToken cancellationToken
    )
    {
        if (mode == StatisticsMode.RawData)
            return await CountBlobsAsync(repository, snapshots, cancellationToken);
        var count = new SnapshotStatistics(repository, mode);
        foreach (var snapshot in snapshots)
        {
            count._links.Clear();
            await count.WalkAsync(snapshot.Tree, default, 0, cancellationToken);
        }
        return new SnapshotTotals(snapshots.Count, count._files, count._blobs, count._bytes, count._bytes);
    }

    private static async Task<SnapshotTotals> CountBlobsAsync(
        Repository repository,
        IReadOnlyCollection<Snapshot> snapshots,
        CancellationToken cancellationToken
    )
    {
        var trees = snapshots.Select(static s => s.Tree).Distinct();
        var used = await UsedBlobs.FindAsync(repository, trees, Environment.ProcessorCount, cancellationToken);
        long blobs = 0,
            bytes = 0,
            plain = 0;
        for (var entry = 0; entry < repository.Index.Count; entry++)
        {
            if (!used.Contains(entry))
                continue;
            var blob = repository.Index.BlobAt(entry, out _);
            blobs++;
            bytes += blob.Length;
            plain += blob.ContentLength;
        }
        return new SnapshotTotals(snapshots.Count, 0, blobs, bytes, plain);
    }

    /// <returns>True if nothing below depends on what else is in the snapshot, so that the numbers hold wherever the tree is found again.</returns>
    private async ValueTask<bool> WalkAsync(
        ObjectId root,
        ObjectId path,
        int depth,
        CancellationToken cancellationToken
    )
    {
        if (depth % FreshStackEvery == FreshStackEvery - 1)
            await Task.Yield();
        var (filesBefore, bytesBefore) = (_files, _bytes);
        if (_mode == StatisticsMode.RestoreSize && _known.TryGetValue(root, out var known))
        {
            _files += known.Files;
            _bytes += known.Bytes;
            return true;
        }
        if (_mode == StatisticsMode.FilesByContents && !_seen.Add(root))
            return true;
        var isFree = true;
        var json = await _repository.Blobs.LoadAsync(BlobType.Tree, root, cancellationToken);
        foreach (var (subtree, name) in CountNodes(json, root, path, ref isFree))
            isFree &= await WalkAsync(subtree, name, depth + 1, cancellationToken);
        if (isFree && _mode == StatisticsMode.RestoreSize)
            _known[root] = (_files - filesBefore, _bytes - bytesBefore);
        return isFree;
    }

    private List<(ObjectId Subtree, ObjectId Path)> CountNodes(
        byte[] json,
        ObjectId tree,
        ObjectId path,
        ref bool isFree
    )
    {
        var subtrees = new List<(ObjectId, ObjectId)>();
        var reader = new TreeReader(json, $"tree {tree}");
        var node = new Node();
        while (reader.Read(node))
        {
            var here = _mode == StatisticsMode.BlobsPerFile ? Join(path, node.Name.Span) : default;
            if (_mode == StatisticsMode.RestoreSize)
                isFree &= CountNode(node);
            else if (node.Type == NodeType.File)
                CountFile(node, here);
            if (node.Subtree is { } subtree)
                subtrees.Add((subtree, here));
        }
        return subtrees;
    }

    private bool CountNode(Node node)
    {
        _files++;
        if (node.Links <= 1 || node.Type == NodeType.Directory)
        {
            _bytes += (long)node.Size;
            return true;
        }
        if (_links.Add((node.DeviceId, node.Inode)))
            _bytes += (long)node.Size;
        return false;
    }

    private void CountFile(Node node, ObjectId path)
    {
        var content = node.Content.WrittenSpan;
        if (_mode == StatisticsMode.FilesByContents)
        {
            if (!_seen.Add(Join(default, content)))
                return;
            _files++;
            foreach (var id in content)
                _bytes += LengthOf(id);
            return;
        }
        if (_seen.Add(path))
            _files++;
        Span<byte> raw = stackalloc byte[ObjectId.Size];
        foreach (var id in content)
        {
            id.CopyTo(raw);
            if (!_seen.Add(Join(path, raw)))
                continue;
            _blobs++;
            _bytes += LengthOf(id);
        }
    }

    private long LengthOf(ObjectId id) =>
        _repository.Index.TryFind(BlobType.Data, id, out var place)
            ? place.Blob.ContentLength
            : throw RepositoryException.Damaged($"data blob {id}", "no index knows where it is");

    /// <summary>A path, or a file's content, as an id of its own: so that no names have to be kept.</summary>
    private static ObjectId Join(ObjectId before, ReadOnlySpan<byte> part)
    {
        var text = new ArrayBufferWriter<byte>(ObjectId.Size + part.Length);
        before.CopyTo(text.GetSpan(ObjectId.Size));
        text.Advance(ObjectId.Size);
        text.Write(part);
        return ObjectId.Of(text.WrittenSpan);
    }

    private static ObjectId Join(ObjectId before, ReadOnlySpan<ObjectId> parts)
    {
        var text = new byte[parts.Length * ObjectId.Size];
        for (var i = 0; i < parts.Length; i++)
            parts[i].CopyTo(text.AsSpan(i * ObjectId.Size));
        return Join(before, text);
    }
}
