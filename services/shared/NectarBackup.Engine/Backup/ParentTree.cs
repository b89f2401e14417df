using System.Buffers;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// A directory of the parent snapshot, read side by side with the same directory of the source: both have their names in ascending order, so that each is read once
/// and nothing is looked up.
/// </summary>
internal sealed class ParentTree : IDisposable
{
    private readonly byte[] _json;
    private readonly TreeReader _reader;
    private readonly Node _node = new();
    private bool _atNode;

    private ParentTree(byte[] json, TreeReader reader)
    {
        _json = json;
        _reader = reader;
        Advance();
    }

    /// <summary>The JSON array of the found file's content.</summary>
    public ReadOnlySpan<byte> ContentJson => _reader.ContentJson.Span;

    /// <summary>Loads a tree; null if it is damaged or missing: then the directory is read as if it were new.</summary>
    public static ParentTree? TryLoad(Repository repository, ObjectId? tree, CancellationToken cancellationToken)
    {
        if (tree is not { } id)
            return null;
        try
        {
            // The walk runs on a thread of its own, which has nothing else to do meanwhile.
            var (json, length) = repository
                .Blobs.RentAsync(BlobType.Tree, id, cancellationToken)
                .AsTask()
                .GetAwaiter()
                .GetResult();
            return new ParentTree(json, new TreeReader(json.AsMemory(0, length), $"tree {id.Short}"));
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            return null;
        }
    }

    /// <summary>The node of that name, or null. Names must be asked for in ascending order; the node is good until the next call.</summary>
    public Node? Find(ReadOnlySpan<byte> name)
    {
        while (_atNode)
        {
            var order = _node.Name.Span.SequenceCompareTo(name);
            if (order == 0)
                return _node;
            if (order > 0)
                return null;
            Advance();
        }
        return null;
    }

    /// <summary>Goes to the next node; what follows damage counts as new and is read from the source again.</summary>
    private void Advance()
    {
        try
        {
            _atNode = _reader.Read(_node);
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            _atNode = false;
        }
    }

    /// <summary>All chunks of the found file are in the repository.</summary>
    public bool HasContent(BlobIndex index)
    {
        foreach (var id in _node.Content.WrittenSpan)
            if (!index.Contains(BlobType.Data, id))
                return false;
        return true;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_json);
}
