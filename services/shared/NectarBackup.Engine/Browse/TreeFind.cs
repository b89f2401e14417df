using System.Runtime.CompilerServices;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>What is searched for; an entry has to meet all that is set (restic <c>find</c>).</summary>
public sealed class FindQuery
{
    private readonly IncludeRules _names = new();

    /// <summary>Modified at this time or later.</summary>
    public NodeTime? Oldest { get; init; }

    /// <summary>Modified at this time or earlier.</summary>
    public NodeTime? Newest { get; init; }

    /// <summary>A pattern as for includes: of a name, or of a path if it has a '/'. One of several has to match; it matches what lies below, too.</summary>
    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    public void AddPattern(ReadOnlySpan<byte> pattern, bool ignoreCase)
    {
        if (ignoreCase)
            _names.AddPatternIgnoringCase(pattern);
        else
            _names.AddPattern(pattern);
    }

    internal bool IsMatch(ReadOnlySpan<byte> path, Node node)
    {
        if (Oldest is { } oldest && IsBefore(node.ModifyTime, oldest))
            return false;
        if (Newest is { } newest && IsBefore(newest, node.ModifyTime))
            return false;
        return _names.IsIncluded(path);
    }

    /// <summary>False if the patterns rule out all that lies below a directory: it need not be read.</summary>
    internal bool MayMatchBelow(ReadOnlySpan<byte> path) => _names.MayIncludeBelow(path) || _names.IsIncluded(path);

    private static bool IsBefore(NodeTime a, NodeTime b) =>
        a.Seconds != b.Seconds ? a.Seconds < b.Seconds : a.Nanoseconds < b.Nanoseconds;
}

/// <summary>An entry that was found, and by which blob, if blobs were searched for. The node is good until the next one is asked for.</summary>
/// <param name="Path">Raw bytes, beginning with '/'.</param>
/// <param name="Node">Its metadata.</param>
/// <param name="Type">The type of the blob.</param>
/// <param name="Blob">The blob that it is or holds; null in a search for names.</param>
/// <param name="Parent">The tree that lists the entry.</param>
public readonly record struct FoundEntry(
    ReadOnlyMemory<byte> Path,
    Node Node,
    BlobType Type,
    ObjectId? Blob,
    ObjectId Parent
);

/// <summary>Searches the trees of one snapshot.</summary>
public static class TreeFind
{
    /// <summary>The entries that meet a query, in order.</summary>
    /// <param name="repository">Its index must be loaded.</param>
    /// <param name="tree">The snapshot's tree.</param>
    /// <param name="query">What.</param>
    /// <param name="onFault">Told of trees that cannot be read: path and cause.</param>
    /// <param name="cancellationToken">Stops between two entries.</param>
    public static async IAsyncEnumerable<FoundEntry> EntriesAsync(
        Repository repository,
        ObjectId tree,
        FindQuery query,
        Action<ReadOnlyMemory<byte>, Exception> onFault,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var walk = new TreeWalk(repository, tree, "/"u8.ToArray());
        TreeStep step;
        while ((step = await walk.NextAsync(cancellationToken).ConfigureAwait(false)) != TreeStep.End)
        {
            if (step == TreeStep.Fault)
                onFault(walk.Path, walk.Fault!);
            else if (step != TreeStep.Leave && query.IsMatch(walk.Path.Span, walk.Node))
                yield return new FoundEntry(walk.Path, walk.Node, default, null, walk.Parent);
            if (step == TreeStep.Enter && !query.MayMatchBelow(walk.Path.Span))
                walk.Skip();
        }
    }

    /// <summary>The entries that are, or hold, one of the given blobs; one entry for each such blob.</summary>
    /// <param name="repository">Its index must be loaded.</param>
    /// <param name="tree">The snapshot's tree; it has itself no entry.</param>
    /// <param name="blobs">Ids of data and tree blobs; of a whole pack, take all that <see cref="BlobsOf"/> names.</param>
    /// <param name="onFault">Told of trees that cannot be read: path and cause.</param>
    /// <param name="cancellationToken">Stops between two entries.</param>
    public static async IAsyncEnumerable<FoundEntry> BlobsAsync(
        Repository repository,
        ObjectId tree,
        IReadOnlySet<ObjectId> blobs,
        Action<ReadOnlyMemory<byte>, Exception> onFault,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var walk = new TreeWalk(repository, tree, "/"u8.ToArray());
        TreeStep step;
        while ((step = await walk.NextAsync(cancellationToken).ConfigureAwait(false)) != TreeStep.End)
        {
            var node = walk.Node;
            if (step == TreeStep.Fault)
                onFault(walk.Path, walk.Fault!);
            else if (step == TreeStep.Enter && node.Subtree is { } subtree && blobs.Contains(subtree))
                yield return new FoundEntry(walk.Path, node, BlobType.Tree, subtree, walk.Parent);
            else if (step == TreeStep.Entry && node.Type == NodeType.File)
                for (var i = 0; i < node.Content.WrittenCount; i++)
                    if (node.Content.WrittenMemory.Span[i] is var id && blobs.Contains(id))
                        yield return new FoundEntry(walk.Path, node, BlobType.Data, id, walk.Parent);
        }
    }

    /// <summary>All blobs that the index knows to lie in a pack.</summary>
    public static HashSet<ObjectId> BlobsOf(Repository repository, ObjectId pack) =>
        [.. repository.Index.Locations().Where(place => place.Pack == pack).Select(static place => place.Blob.Id)];
}
