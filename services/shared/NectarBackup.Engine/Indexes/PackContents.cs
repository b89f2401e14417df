using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Indexes;

/// <summary>
/// An index seen by packs: which blobs each one holds, in the pack's order. Made once from a complete index, at 4 bytes a blob and a pack; what is added
/// to the index later is not seen.
/// </summary>
internal sealed class PackContents
{
    private readonly BlobIndex _index;
    private readonly int[] _start;
    private readonly int[] _entries;

    public PackContents(BlobIndex index)
    {
        _index = index;
        var count = index.Count;
        _start = new int[index.PackCount + 1];
        for (var i = 0; i < count; i++)
        {
            index.BlobAt(i, out var pack);
            if (pack >= 0)
                _start[pack + 1]++;
        }
        for (var i = 1; i < _start.Length; i++)
            _start[i] += _start[i - 1];
        _entries = new int[_start[^1]];
        var next = _start[..^1];
        for (var i = 0; i < count; i++)
        {
            index.BlobAt(i, out var pack);
            if (pack >= 0)
                _entries[next[pack]++] = i;
        }
    }

    /// <summary>Packs, numbered as the index does.</summary>
    public int PackCount => _start.Length - 1;

    /// <summary>The entry numbers of a pack's blobs, in no order.</summary>
    public ReadOnlySpan<int> EntriesOf(int pack) => _entries.AsSpan(_start[pack], _start[pack + 1] - _start[pack]);

    /// <summary>The blobs of a pack by ascending offset.</summary>
    public List<PackBlob> BlobsOf(int pack)
    {
        var entries = EntriesOf(pack);
        var blobs = new List<PackBlob>(entries.Length);
        foreach (var entry in entries)
            blobs.Add(_index.BlobAt(entry, out _));
        blobs.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        return blobs;
    }

    /// <summary>The size that the pack has by its index entries, in bytes.</summary>
    public long LengthOf(int pack)
    {
        long length = PackHeader.LengthField + Crypto.BlobCipher.Overhead;
        foreach (var entry in EntriesOf(pack))
        {
            var blob = _index.BlobAt(entry, out _);
            length += (long)blob.Length + PackHeader.EntryLength(blob);
        }
        return length;
    }
}
