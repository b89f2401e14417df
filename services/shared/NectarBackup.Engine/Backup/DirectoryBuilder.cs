using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// A directory of the snapshot that is being written: the JSON of its nodes, in pieces that lie in the text segments of whoever wrote them. Ids that
/// are not known yet are 64 blanks in the text, filled in by workers; when all are, and the directory is closed, the worker that filled in the last one
/// turns it into a tree blob. So nothing but the open directories is held in memory.
/// </summary>
public sealed class DirectoryBuilder
{
    internal readonly record struct Piece(byte[] Text, int Offset, int Length)
    {
        public ReadOnlySpan<byte> Span => Text.AsSpan(Offset, Length);
    }

    private readonly record struct Entry(Piece Name, int FirstPiece, int Pieces);

    private readonly Lock _lock = new();
    private readonly List<Piece> _pieces = [];
    private readonly List<Entry> _entries = [];
    private bool _isSorted = true;
    private int _open = 1; // the directory itself, its unfinished chunks and subdirectories

    internal DirectoryBuilder(DirectoryBuilder? parent, Piece subtreeId) => (Parent, SubtreeId) = (parent, subtreeId);

    /// <summary>The directory that holds this one; null for the root.</summary>
    public DirectoryBuilder? Parent { get; }

    /// <summary>Where this directory's tree id belongs in the parent's text.</summary>
    internal Piece SubtreeId { get; }

    /// <summary>Bytes of the tree's JSON.</summary>
    internal long JsonLength
    {
        get
        {
            var length = (long)(s_start.Length + s_end.Length) + Math.Max(0, _entries.Count - 1);
            foreach (var piece in _pieces)
                length += piece.Length;
            return length;
        }
    }

    private static ReadOnlySpan<byte> s_start => "{\"nodes\":["u8;
    private static ReadOnlySpan<byte> s_end => "]}\n"u8;

    /// <summary>Adds a node whose text lies in <paramref name="pieces"/>.</summary>
    /// <exception cref="ArgumentException">The name is there already.</exception>
    internal void Add(Piece name, ReadOnlySpan<Piece> pieces)
    {
        lock (_lock)
        {
            if (_entries.Count > 0)
            {
                var order = _entries[^1].Name.Span.SequenceCompareTo(name.Span);
                if (order == 0)
                    throw Duplicate(name);
                _isSorted &= order < 0;
            }
            _entries.Add(new Entry(name, _pieces.Count, pieces.Length));
            _pieces.AddRange(pieces);
        }
    }

    /// <summary>One more id that has to be filled in before the directory is whole.</summary>
    internal void Hold() => Interlocked.Increment(ref _open);

    /// <summary>An id was filled in, or the directory is closed; true if it is whole now.</summary>
    internal bool Release() => Interlocked.Decrement(ref _open) == 0;

    /// <summary>Writes the whole tree; <paramref name="to"/> has <see cref="JsonLength"/> bytes.</summary>
    /// <exception cref="ArgumentException">Two nodes have the same name.</exception>
    internal void WriteJson(Span<byte> to)
    {
        if (!_isSorted)
            Sort();
        var rest = to;
        Put(ref rest, s_start);
        var first = true;
        foreach (var entry in _entries)
        {
            if (!first)
                Put(ref rest, ","u8);
            first = false;
            for (var i = 0; i < entry.Pieces; i++)
                Put(ref rest, _pieces[entry.FirstPiece + i].Span);
        }
        Put(ref rest, s_end);
    }

    private void Sort()
    {
        _entries.Sort(static (a, b) => a.Name.Span.SequenceCompareTo(b.Name.Span));
        for (var i = 1; i < _entries.Count; i++)
            if (_entries[i].Name.Span.SequenceEqual(_entries[i - 1].Name.Span))
                throw Duplicate(_entries[i].Name);
        _isSorted = true;
    }

    private static ArgumentException Duplicate(Piece name) =>
        new($"a directory cannot hold two entries named '{System.Text.Encoding.UTF8.GetString(name.Span)}'");

    private static void Put(ref Span<byte> rest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(rest);
        rest = rest[bytes.Length..];
    }
}
