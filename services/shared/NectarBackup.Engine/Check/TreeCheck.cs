using System.Buffers;
using System.Text;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Check;

/// <summary>Checks the nodes of every tree that snapshots need, and notes which blobs they use.</summary>
internal sealed class TreeCheck(Repository repository, Findings findings) : ITreeVisitor
{
    /// <summary>Longest name that a file system of ours can have, in bytes; what is longer can be stored, but not be restored.</summary>
    private const int MaxName = 4096;

    private const string Hint = "run 'repair snapshots' to make copies of the snapshots without it";

    public EntrySet Used { get; } = new(repository.Index);

    public void UseRoot(ObjectId tree)
    {
        if (repository.Index.FindEntry(BlobType.Tree, tree) is >= 0 and var entry)
            Used.Add(entry);
    }

    public void Visit(
        ObjectId tree,
        ReadOnlySpan<byte> json,
        ArrayBufferWriter<ObjectId> content,
        List<ObjectId> subtrees
    )
    {
        var text = new TreeText(json, content, tree);
        byte[]? before = null;
        var isSorted = true;
        while (text.Read())
        {
            var name = text.DecodeName();
            if (FindFault(text, name) is { } fault)
                findings.Add(CheckFault.NodeInvalid, Place(tree), $"tree {tree}: node '{Show(name)}': {fault}", Hint);
            isSorted &= before is null || name is null || before.AsSpan().SequenceCompareTo(name) < 0;
            before = name;
            if (text.Kind == NodeKind.File)
                UseContent(tree, name, content.WrittenSpan);
            if (text.Kind != NodeKind.Directory || text.Subtree is not { } subtree)
                continue;
            UseRoot(subtree);
            subtrees.Add(subtree);
        }
        if (!isSorted)
            findings.Add(CheckFault.TreeUnsorted, Place(tree), $"tree {tree}: its names are not in ascending order");
    }

    private void UseContent(ObjectId tree, byte[]? name, ReadOnlySpan<ObjectId> content)
    {
        foreach (var id in content)
        {
            var entry = repository.Index.FindEntry(BlobType.Data, id);
            if (entry >= 0)
                Used.Add(entry);
            else
                findings.Add(
                    CheckFault.ContentMissing,
                    Place(tree),
                    $"tree {tree}: file '{Show(name)}' needs data blob {id}, which is in no index",
                    "run 'repair index'; if it stays missing, " + Hint
                );
        }
    }

    private static string? FindFault(in TreeText node, byte[]? name) =>
        node.Kind switch
        {
            NodeKind.Directory when node.Subtree is null or { IsZero: true } => "a directory without a subtree",
            NodeKind.File when !node.HasContent => "a file without content",
            NodeKind.Invalid => "an unknown type",
            _ when name is null => "a name that cannot be decoded",
            _ when name.Length is 0 or > MaxName => $"a name of {name.Length} bytes",
            _ when name.AsSpan() is [(byte)'.'] or [(byte)'.', (byte)'.'] => "a name that leads elsewhere",
            _ when name.AsSpan().IndexOfAny((byte)'/', (byte)0) >= 0 => "a name with a slash or a NUL",
            _ => null,
        };

    private ObjectName? Place(ObjectId tree) =>
        repository.Index.TryFind(BlobType.Tree, tree, out var place)
            ? new ObjectName(ObjectKind.Pack, place.Pack)
            : null;

    private static string Show(byte[]? name) => name is null ? "?" : Encoding.UTF8.GetString(name);

    public void Fail(ObjectId tree, Exception error) =>
        findings.Add(CheckFault.TreeDamaged, Place(tree), new TreeError(tree, error).Told, Hint);

    private readonly record struct TreeError(ObjectId Tree, Exception Error)
    {
        /// <summary>The same kind of error, with the tree's name in it.</summary>
        public Exception Told =>
            Error is StoreException e ? new StoreException(e.Fault, $"tree {Tree}: {e.Message}", e)
            : Error.Message.Contains(Tree.ToString(), StringComparison.Ordinal) ? Error
            : RepositoryException.Damaged($"tree {Tree}", Error.Message, Error);
    }
}
