using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Packs;

/// <summary>
/// Where blobs that come out of packs go to: one open pack for data and one for trees, shared by all threads, so that no more than two packs end up small.
/// Thread safe.
/// </summary>
internal sealed class PackAppender(Repository repository, PackStore packs) : IDisposable
{
    private readonly Open _data = new(repository);
    private readonly Open _trees = new(repository);
    private readonly Lock _sealing = new();
    private readonly ScratchMemory _buffer = new();
    private readonly ZstdCompressor _compressor = new(Zstd.DefaultLevel);
    private long _blobs;
    private long _bytes;

    /// <summary>An open pack and its lock.</summary>
    private sealed class Open(Repository repository) : IDisposable
    {
        public readonly Lock Lock = new();
        public readonly PackWriter Pack = new(repository);

        public void Dispose() => Pack.Dispose();
    }

    /// <summary>Blobs that were appended.</summary>
    public long Blobs => Interlocked.Read(ref _blobs);

    /// <summary>Their sealed bytes.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Appends a blob that is sealed with this repository's key and was proved.</summary>
    public void AppendSealed(in PackBlob blob, ReadOnlySpan<byte> stored)
    {
        var to = blob.Type == BlobType.Tree ? _trees : _data;
        lock (to.Lock)
        {
            to.Pack.Append(stored, [blob]);
            if (to.Pack.IsFull)
                packs.Enqueue(to.Pack.Finish());
        }
        Interlocked.Increment(ref _blobs);
        Interlocked.Add(ref _bytes, stored.Length);
    }

    /// <summary>Seals what a proved blob of another repository has inside, compressed or not, and appends it.</summary>
    public void AppendOpened(in PackBlob blob, ReadOnlySpan<byte> inside)
    {
        lock (_sealing)
        {
            var length = inside.Length + BlobCipher.Overhead;
            _buffer.Reserve(length);
            var stored = _buffer.Slice(0, length);
            repository.Cipher.Seal(inside, stored);
            AppendSealed(blob with { Length = (uint)length }, stored);
        }
    }

    /// <summary>Compresses and seals content as a backup would, and appends it.</summary>
    public void AppendPlain(BlobType type, ObjectId id, ReadOnlySpan<byte> content)
    {
        lock (_sealing)
        {
            var most = Math.Max(Zstd.MaxCompressedLength(content.Length), content.Length);
            _buffer.Reserve(most + BlobCipher.Overhead);
            var limit = type == BlobType.Tree ? most : content.Length - 1;
            var length =
                repository.Config.Version >= 2 && !content.IsEmpty && limit > 0
                    ? _compressor.Compress(content, _buffer.Slice(16, limit))
                    : 0;
            var isCompressed = length > 0;
            var stored = _buffer.Slice(0, (isCompressed ? length : content.Length) + BlobCipher.Overhead);
            repository.Cipher.Seal(isCompressed ? stored[16..^16] : content, stored);
            var plain = isCompressed ? (uint)content.Length : 0;
            AppendSealed(new PackBlob(id, type, 0, (uint)stored.Length, plain), stored);
        }
    }

    /// <summary>Hands the open packs over; then the pack store is to be finished.</summary>
    public void Finish()
    {
        foreach (var open in new[] { _data, _trees })
            lock (open.Lock)
                if (!open.Pack.IsEmpty)
                    packs.Enqueue(open.Pack.Finish());
    }

    public void Dispose()
    {
        _data.Dispose();
        _trees.Dispose();
        _compressor.Dispose();
        ((IDisposable)_buffer).Dispose();
    }
}
