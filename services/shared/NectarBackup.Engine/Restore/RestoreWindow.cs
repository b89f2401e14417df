using System.Runtime.InteropServices;
using NectarBackup.Engine.Indexes;

namespace NectarBackup.Engine.Restore;

/// <summary>One place of one file that a blob belongs in.</summary>
internal struct ChunkPlace(PendingFile file, long at, in BlobLocation blob)
{
    /// <summary>Null once the file is known to hold the chunk already.</summary>
    public PendingFile? File = file;
    public readonly long At = at;
    public readonly BlobLocation Blob = blob;
}

/// <summary>Chunks of one pack that are read at once; they lie close to each other.</summary>
/// <param name="First">Index of the first place.</param>
/// <param name="End">Behind the last.</param>
internal readonly record struct PackRange(int First, int End);

/// <summary>
/// A stretch of the walk whose chunks are fetched together, in the order of the packs and not of the files. Its limits bound the memory and the open
/// files of a restore, however large the snapshot is.
/// </summary>
internal sealed class RestoreWindow
{
    private const int MaxPlaces = 16 << 10;
    private const int MaxFiles = 8 << 10;
    private const int MaxFolders = 128;
    private const long MaxContent = 256 << 20;

    // Files of several chunks stay open from the first to the last of them.
    private const int MaxOpenFiles = 128;

    private readonly List<ChunkPlace> _places = [];
    private long _content;
    private int _files,
        _folders,
        _openFiles;

    /// <summary>Work that is not done: comparisons, then ranges.</summary>
    public int Left;

    public Span<ChunkPlace> Places => CollectionsMarshal.AsSpan(_places);

    public bool IsFull =>
        _places.Count >= MaxPlaces
        || _files >= MaxFiles
        || _folders >= MaxFolders
        || _openFiles >= MaxOpenFiles
        || _content >= MaxContent;

    /// <summary>Some file of it may hold its content already.</summary>
    public bool MustCompare { get; private set; }

    public void Add(PendingFile file, long at, in BlobLocation blob)
    {
        _places.Add(new ChunkPlace(file, at, blob));
        _content += blob.Blob.ContentLength;
        MustCompare |= file.MayExist;
    }

    public void CountFile(bool isOfSeveralChunks)
    {
        _files++;
        if (isOfSeveralChunks)
            _openFiles++;
    }

    public void CountFolder() => _folders++;

    /// <summary>Cuts the places, as they are, into stretches that are worth one piece of work.</summary>
    public List<PackRange> SplitForComparing(long size)
    {
        var parts = new List<PackRange>();
        long length = 0;
        var first = 0;
        for (var i = 0; i < _places.Count; i++)
        {
            length += _places[i].Blob.Blob.ContentLength;
            if (length < size && i + 1 < _places.Count)
                continue;
            parts.Add(new PackRange(first, i + 1));
            first = i + 1;
            length = 0;
        }
        return parts;
    }

    /// <summary>Drops what needs no writing, sorts the rest by pack and offset and cuts it into ranges to read.</summary>
    /// <param name="maxGap">Bytes that nobody wants but that are read to save a call.</param>
    /// <param name="maxLength">Bytes of a range, unless it is a single blob.</param>
    public List<PackRange> SplitForReading(long maxGap, long maxLength)
    {
        _places.RemoveAll(static place => place.File is null);
        var places = Places;
        places.Sort(
            static (a, b) =>
            {
                var order = a.Blob.Pack.CompareTo(b.Blob.Pack);
                return order != 0 ? order : a.Blob.Blob.Offset.CompareTo(b.Blob.Blob.Offset);
            }
        );
        var ranges = new List<PackRange>();
        for (var i = 0; i < places.Length; )
        {
            var first = i;
            var (pack, start) = (places[first].Blob.Pack, (long)places[first].Blob.Blob.Offset);
            long end = 0;
            for (; i < places.Length && places[i].Blob.Pack == pack; i++)
            {
                var blob = places[i].Blob.Blob;
                var blobEnd = (long)blob.Offset + blob.Length;
                if (i > first && (blob.Offset > end + maxGap || blobEnd - start > maxLength))
                    break;
                end = Math.Max(end, blobEnd);
            }
            ranges.Add(new PackRange(first, i));
        }
        return ranges;
    }

    public void Clear()
    {
        _places.Clear();
        _content = 0;
        _files = _folders = _openFiles = 0;
        MustCompare = false;
    }
}
