using System.Runtime.InteropServices;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// One of the equal workers of a <see cref="SnapshotWriter"/>: hashes all chunks of a slab, fills their ids into the trees, stores those that the index does not
/// have, and turns directories that have become whole into tree blobs. Owns its buffers, its compressor and its open packs.
/// </summary>
internal sealed unsafe class BlobWorker : IDisposable
{
    private readonly SnapshotWriter _writer;
    private readonly BlobIndex _index;
    private readonly ZstdCompressor _compressor;
    private readonly BlobSealer _data;
    private readonly BlobSealer _trees;
    private readonly List<HashRequest> _requests = [];
    private ObjectId[] _ids = new ObjectId[256];
    private byte* _json;
    private nuint _jsonCapacity;

    public BlobWorker(SnapshotWriter writer, Repository repository, PackStore packs, SnapshotWriterOptions options)
    {
        _writer = writer;
        _index = repository.Index;
        _compressor = new ZstdCompressor(options.Level);
        _data = new BlobSealer(repository, packs, writer.Progress, options, BlobType.Data, _compressor);
        _trees = new BlobSealer(repository, packs, writer.Progress, options, BlobType.Tree, _compressor);
    }

    public void Process(Slab slab)
    {
        var chunks = CollectionsMarshal.AsSpan(slab.Chunks);
        if (_ids.Length < chunks.Length)
            _ids = new ObjectId[chunks.Length * 2];
        fixed (ObjectId* ids = _ids)
        {
            _requests.Clear();
            for (var i = 0; i < chunks.Length; i++)
                _requests.Add(new HashRequest(slab.Memory + chunks[i].Offset, chunks[i].Length, ids + i));
            Sha256Lanes.HashMany(CollectionsMarshal.AsSpan(_requests));
        }
        for (var i = 0; i < chunks.Length; i++)
        {
            ref readonly var chunk = ref chunks[i];
            _ids[i].WriteHex(chunk.Text.AsSpan(chunk.TextOffset, ObjectId.HexLength));
            if (_index.TryClaim(BlobType.Data, _ids[i]))
                _data.Add(_ids[i], slab.BytesOf(chunk));
            if (chunk.Directory.Release())
                Complete(chunk.Directory);
        }
    }

    /// <summary>Stores the tree of a directory that is whole, and of those above it that it makes whole.</summary>
    public void Complete(DirectoryBuilder directory)
    {
        while (true)
        {
            var id = StoreTree(directory);
            if (directory.Parent is not { } parent)
            {
                _writer.RootStored(id);
                return;
            }
            var text = directory.SubtreeId;
            id.WriteHex(text.Text.AsSpan(text.Offset, ObjectId.HexLength));
            if (!parent.Release())
                return;
            directory = parent;
        }
    }

    private ObjectId StoreTree(DirectoryBuilder directory)
    {
        var length = directory.JsonLength;
        if (length > PackHeader.MaxTreeLength)
            throw new RepositoryException(
                RepositoryError.Unsupported,
                $"a directory's listing has {length} bytes, more than the {PackHeader.MaxTreeLength} that a tree may have",
                "exclude it, or split the directory"
            );
        if (_jsonCapacity < (nuint)length)
        {
            NativeMemory.Free(_json);
            _jsonCapacity = (nuint)Math.Max(length + length / 4, 64 << 10);
            _json = (byte*)NativeMemory.Alloc(_jsonCapacity);
        }
        var json = new Span<byte>(_json, (int)length);
        directory.WriteJson(json);
        var id = ObjectId.Of(json);
        if (_index.TryClaim(BlobType.Tree, id))
            _trees.Add(id, json);
        return id;
    }

    /// <summary>Hands the open packs over.</summary>
    public void Finish()
    {
        _data.Finish();
        _trees.Finish();
    }

    public void Dispose()
    {
        _data.Dispose();
        _trees.Dispose();
        _compressor.Dispose();
        NativeMemory.Free(_json);
        _json = null;
    }
}
