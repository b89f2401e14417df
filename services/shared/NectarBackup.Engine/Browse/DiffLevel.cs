using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>Two directories of the same path, read side by side in the order of their names.</summary>
internal sealed class DiffLevel(int pathLength, TreeReader? first, TreeReader? second)
{
    private readonly DiffSide _first = new(first),
        _second = new(second);

    public int PathLength { get; } = pathLength;

    /// <summary>The entry of the first; null if only the second has it.</summary>
    public Node? A { get; private set; }

    public Node? B { get; private set; }

    public bool Next(PathBuffer path, Action<ReadOnlyMemory<byte>, Exception> onFault)
    {
        // What was given out last is used up.
        if (A is not null)
            _first.Advance();
        if (B is not null)
            _second.Advance();
        _first.Load(path, onFault);
        _second.Load(path, onFault);
        (A, B) = (_first.Current, _second.Current);
        var order = A is null || B is null ? 0 : A.Name.Span.SequenceCompareTo(B.Name.Span);
        if (order < 0)
            B = null;
        else if (order > 0)
            A = null;
        return A is not null || B is not null;
    }
}

/// <summary>One of the two, with the entry that was read ahead.</summary>
internal sealed class DiffSide(TreeReader? reader)
{
    private readonly Node _node = new();
    private TreeReader? _reader = reader;
    private bool _isLoaded;

    public Node? Current => _isLoaded ? _node : null;

    public void Advance() => _isLoaded = false;

    public void Load(PathBuffer path, Action<ReadOnlyMemory<byte>, Exception> onFault)
    {
        if (_isLoaded || _reader is null)
            return;
        try
        {
            _isLoaded = _reader.Read(_node);
        }
        catch (RepositoryException e)
        {
            onFault(path.Memory, e);
        }
        if (!_isLoaded)
            _reader = null;
    }
}
