using System.Runtime.InteropServices;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// Compresses and seals blobs of one type into an output buffer, and that into packs. One thread at a time. A blob passes through the cache once: compressed
/// from the slab into the buffer, encrypted in place, authenticated, hashed into the pack and written.
/// </summary>
internal sealed unsafe class BlobSealer : IDisposable
{
    /// <summary>Bytes that are gathered before they are written: a part of a core's cache.</summary>
    private const int FlushAt = 256 << 10;

    /// <summary>One in so many blobs is opened again and compared before it is stored, unless all are.</summary>
    private const int SampleEvery = 64;

    private readonly Repository _repository;
    private readonly PackStore _packs;
    private readonly BackupProgress _progress;
    private readonly SnapshotWriterOptions _options;
    private readonly BlobType _type;
    private readonly ZstdCompressor _compressor;
    private readonly PackWriter _pack;
    private readonly List<PackBlob> _places = [];
    private byte* _buffer;
    private nuint _capacity;
    private int _used;
    private int _count;
    private ZstdDecompressor? _decompressor;

    public BlobSealer(
        Repository repository,
        PackStore packs,
        BackupProgress progress,
        SnapshotWriterOptions options,
        BlobType type,
        ZstdCompressor compressor
    )
    {
        (_repository, _packs, _progress, _options, _type) = (repository, packs, progress, options, type);
        _compressor = compressor;
        _pack = new PackWriter(repository);
    }

    /// <summary>Seals a blob that the index does not have yet.</summary>
    public void Add(ObjectId id, ReadOnlySpan<byte> content)
    {
        var compress = _repository.Config.Version >= 2 && (_options.Compress || _type == BlobType.Tree);
        var most = compress ? Math.Max(Zstd.MaxCompressedLength(content.Length), content.Length) : content.Length;
        Reserve(most + BlobCipher.Overhead);
        var free = new Span<byte>(_buffer + _used, most + BlobCipher.Overhead);
        // A tree is always stored compressed: prune would repack a raw one.
        var limit = _type == BlobType.Tree ? most : content.Length - 1;
        var length = compress && limit > 0 ? _compressor.Compress(content, free.Slice(16, limit)) : 0;
        var isCompressed = length > 0;
        var stored = free[..((isCompressed ? length : content.Length) + BlobCipher.Overhead)];
        _repository.Cipher.Seal(isCompressed ? stored[16..^16] : content, stored);
        _options.OnSealed?.Invoke(stored);
        if (_options.VerifyAll || _count++ % SampleEvery == 0)
            Verify(content, stored, isCompressed, id);
        _progress.AddBlob(_type == BlobType.Tree, content.Length, stored.Length);
        if (_options.DryRun)
            return;
        _places.Add(new PackBlob(id, _type, 0, (uint)stored.Length, isCompressed ? (uint)content.Length : 0));
        _used += stored.Length;
        if (_used >= FlushAt)
            Flush();
    }

    private void Flush()
    {
        if (_used > 0)
            _pack.Append(new ReadOnlySpan<byte>(_buffer, _used), CollectionsMarshal.AsSpan(_places));
        _places.Clear();
        _used = 0;
        if (_pack.IsFull)
            _packs.Enqueue(_pack.Finish());
    }

    /// <summary>Closes the pack that is open.</summary>
    public void Finish()
    {
        Flush();
        if (!_pack.IsEmpty)
            _packs.Enqueue(_pack.Finish());
    }

    private void Verify(ReadOnlySpan<byte> content, ReadOnlySpan<byte> stored, bool isCompressed, ObjectId id)
    {
        var plain = NativeMemory.Alloc((nuint)(stored.Length + content.Length));
        try
        {
            var opened = new Span<byte>(plain, stored.Length - BlobCipher.Overhead);
            var again = opened;
            var isRight = _repository.Cipher.TryOpen(stored, opened);
            if (isRight && isCompressed)
            {
                again = new Span<byte>((byte*)plain + stored.Length, content.Length);
                _decompressor ??= new ZstdDecompressor();
                isRight = _decompressor.Decompress(opened, again) == content.Length;
            }
            if (!isRight || !again.SequenceEqual(content))
                throw RepositoryException.Damaged(
                    $"blob {id.Short}, opened again before it was stored,",
                    "it is not what was sealed: this computer's memory or processor is faulty"
                );
        }
        finally
        {
            NativeMemory.Free(plain);
        }
    }

    private void Reserve(int length)
    {
        if (_capacity - (nuint)_used >= (nuint)length)
            return;
        Flush();
        if (_capacity >= (nuint)length)
            return;
        NativeMemory.Free(_buffer);
        _capacity = Math.Max((nuint)length, (nuint)FlushAt * 2);
        _buffer = (byte*)NativeMemory.Alloc(_capacity);
    }

    public void Dispose()
    {
        _pack.Dispose();
        _decompressor?.Dispose();
        NativeMemory.Free(_buffer);
        _buffer = null;
    }
}
