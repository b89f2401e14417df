namespace NectarBackup.Engine.Trees;

/// <summary>
/// A forward cursor over the nodes of a tree (restic <c>data/tree.go:Tree</c>). Order of fields and unknown fields do not matter. Whatever
/// is wrong with the text is a <see cref="RepositoryError.Damaged"/> error that names the tree.
/// </summary>
/// <param name="json">The decoded tree blob; the nodes' names point into it, so it must not change while they are used.</param>
/// <param name="what">The tree in words, for errors: "tree 1a2b3c4d".</param>
/// <param name="strict">
/// Raise an error for unsafe names, wrong order, repeated names, files without content and directories without tree. Otherwise such nodes
/// are given out: repositories of old programs hold some.
/// </param>
public sealed class TreeReader(ReadOnlyMemory<byte> json, string what, bool strict = false)
{
    /// <summary>Bytes of the longest name that is read. File systems allow 255, object stores 1024.</summary>
    public const int MaxNameLength = 4096;

    /// <summary>Bytes of the longest target of a symbolic link that is read. Linux allows 4095.</summary>
    public const int MaxLinkTargetLength = 65_536;

    private static readonly byte[] Null = [.. "null"u8];
    private readonly NodeParser _parser = new(json);
    private byte[] _previous = [];
    private int _previousLength = -1;
    private int _at;
    private State _state;
    private (int Start, int End) _node;

    private enum State
    {
        Start,
        First,
        Later,
        End,
    }

    /// <summary>Whether all nodes read so far came in strictly ascending order of their raw names.</summary>
    public bool IsSorted { get; private set; } = true;

    /// <summary>The node last read as it is written, braces included.</summary>
    public ReadOnlySpan<byte> NodeJson => json.Span[_node.Start.._node.End];

    /// <summary>The content of the node last read as it is written: an array, or <c>null</c>, also if the node has none.</summary>
    public ReadOnlyMemory<byte> ContentJson =>
        _parser.Content is { End: > 0 } content ? json[content.Start..content.End] : Null;

    /// <summary>Whether a name is one path component, so that it cannot lead out of the directory it is restored to.</summary>
    public static bool IsSafeName(ReadOnlySpan<byte> name) =>
        !name.IsEmpty
        && !name.SequenceEqual("."u8)
        && !name.SequenceEqual(".."u8)
        && !name.ContainsAny((byte)'/', (byte)0);

    /// <summary>Clears <paramref name="node"/> and fills it from the next node.</summary>
    /// <returns>False after the last node; only then the whole text is known to be sound.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryError.Damaged"/>.</exception>
    public bool Read(Node node)
    {
        var scan = new TreeScanner(json.Span, _at, what);
        if (_state == State.Start)
            FindNodes(ref scan);
        if (_state == State.End)
            return false;
        if (_state == State.First ? scan.TryTake((byte)']') : !scan.TryTake((byte)','))
        {
            if (_state == State.Later)
                scan.Take((byte)']');
            FinishObject(ref scan, afterField: true);
            return false;
        }

        scan.SkipSpace();
        var start = scan.At;
        _parser.Read(ref scan, node);
        _node = (start, scan.At);
        Check(scan, node);
        _state = State.Later;
        _at = scan.At;
        return true;
    }

    private void FindNodes(ref TreeScanner scan)
    {
        scan.Take((byte)'{');
        if (scan.TryTake((byte)'}'))
            throw scan.Damaged("'nodes' is missing");
        do
        {
            var key = scan.TakeString(out _, out _);
            scan.Take((byte)':');
            if (!key.SequenceEqual("nodes"u8))
            {
                scan.SkipValue(1);
                continue;
            }
            if (scan.TryTakeNull())
                FinishObject(ref scan, afterField: true);
            else
            {
                scan.Take((byte)'[');
                _state = State.First;
                _at = scan.At;
            }
            return;
        } while (scan.TryTake((byte)','));
        throw scan.Damaged("'nodes' is missing");
    }

    private void FinishObject(ref TreeScanner scan, bool afterField)
    {
        while (afterField && scan.TryTake((byte)','))
        {
            if (scan.TakeString(out _, out _).SequenceEqual("nodes"u8))
                throw scan.Damaged("'nodes' comes twice");
            scan.Take((byte)':');
            scan.SkipValue(1);
        }
        scan.Take((byte)'}');
        scan.SkipSpace();
        if (!scan.AtEnd)
            throw scan.Damaged("more text follows the end");
        _state = State.End;
    }

    private void Check(in TreeScanner scan, Node node)
    {
        var name = node.Name.Span;
        if (_previousLength >= 0 && _previous.AsSpan(0, _previousLength).SequenceCompareTo(name) >= 0)
            IsSorted = false;
        if (_previous.Length < name.Length)
            _previous = new byte[Math.Max(256, name.Length)];
        name.CopyTo(_previous);
        _previousLength = name.Length;
        if (!strict)
            return;
        if (!IsSafeName(name))
            throw scan.Damaged("a name is no path component");
        if (!IsSorted)
            throw scan.Damaged("names are not in ascending order");
        if (node.Type == NodeType.File && ContentJson.Span[0] == 'n')
            throw scan.Damaged("a file has no content");
        if (node.Type == NodeType.Directory && node.Subtree is null)
            throw scan.Damaged("a directory has no tree");
    }
}
