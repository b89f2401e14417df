using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// Takes the content of files, one after the other, cuts it into chunks and adds the files' nodes. One thread at a time; a source that reads
/// several files at once uses several of these. Blocks while all slabs are with the workers: that is what bounds the memory.
/// </summary>
public sealed class ContentWriter
{
    /// <summary>Smallest buffer that <see cref="GetBuffer"/> returns, in bytes.</summary>
    private const int MinBuffer = 64 << 10;

    private readonly SnapshotWriter _writer;
    private readonly NodeText _text = new();
    private Slab? _slab;
    private DirectoryBuilder? _directory;
    private int _chunkStart;
    private int _fill;
    private int _scanned;
    private int _chunks;
    private ulong _size;
    private bool _zeroIsQueued;

    internal ContentWriter(SnapshotWriter writer) => _writer = writer;

    /// <summary>Starts a file in <paramref name="directory"/>.</summary>
    public void BeginFile(DirectoryBuilder directory)
    {
        if (_directory is not null)
            throw new InvalidOperationException("The file before this one was neither ended nor abandoned.");
        _directory = directory;
        _chunks = 0;
        _size = 0;
        _scanned = 0;
        _chunkStart = _fill;
        _text.BeginContent();
    }

    /// <summary>Free space to read content into, 64 KiB or more. What is put there counts when <see cref="Advance"/> is called.</summary>
    public Span<byte> GetBuffer()
    {
        if (_slab is null || Slab.Size - _fill < MinBuffer || _slab.Chunks.Count >= Slab.MaxChunks)
            NextSlab();
        return _slab!.Bytes[_fill..];
    }

    /// <summary>Takes the first <paramref name="count"/> bytes of the last buffer as content.</summary>
    public void Advance(int count)
    {
        _fill += count;
        _size += (ulong)count;
        Cut(endOfStream: false);
    }

    /// <summary>Content from memory.</summary>
    public void Write(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            var buffer = GetBuffer();
            var part = Math.Min(buffer.Length, content.Length);
            content[..part].CopyTo(buffer);
            Advance(part);
            content = content[part..];
        }
    }

    /// <summary>A run of zeros, such as a hole of a sparse file: costs next to nothing for each 512 KiB.</summary>
    public void WriteZeros(ulong count)
    {
        while (count > 0)
        {
            if (_fill == _chunkStart && count >= ZeroChunk.Size && _zeroIsQueued)
            {
                // Zeros are cut at every 512 KiB, always into the same chunk (restic/chunker: a digest of 0 is a cut).
                AddZeroId();
                _size += ZeroChunk.Size;
                count -= ZeroChunk.Size;
                continue;
            }
            var buffer = GetBuffer();
            // No further than the end of the chunk: then the next ones are free.
            var part = (int)Math.Min((ulong)Math.Min(buffer.Length, ZeroChunk.Size), count);
            buffer[..part].Clear();
            Advance(part);
            count -= (uint)part;
        }
    }

    private DirectoryBuilder.Piece AddId() => _text.AddId(_chunks++ == 0);

    private void AddZeroId()
    {
        var id = AddId();
        ZeroChunk.Id.WriteHex(id.Text.AsSpan(id.Offset));
    }

    /// <summary>Ends the file and adds its node; its size is what was written.</summary>
    public void EndFile(Node node)
    {
        Cut(endOfStream: true);
        node.Size = _size;
        _text.EndFile(_directory!, node);
        _directory = null;
        Submit();
    }

    /// <summary>Drops the file: no node is added. What was written of it stays in the repository until the next prune.</summary>
    public void AbandonFile()
    {
        _fill = _chunkStart;
        _directory = null;
    }

    /// <summary>Adds a node without content: anything but a directory or a file.</summary>
    public void AddNode(DirectoryBuilder directory, Node node) => _text.AddWhole(directory, node, "null"u8);

    /// <summary>Adds a file whose content is known to be in the repository, as the JSON array of its chunks' ids.</summary>
    public void AddFile(DirectoryBuilder directory, Node node, ReadOnlySpan<byte> contentJson) =>
        _text.AddWhole(directory, node, contentJson.SequenceEqual("null"u8) ? "[]"u8 : contentJson);

    /// <summary>Adds a directory, to be closed by <see cref="CloseDirectory"/>.</summary>
    public DirectoryBuilder OpenDirectory(DirectoryBuilder parent, Node node)
    {
        parent.Hold();
        return new DirectoryBuilder(parent, _text.AddDirectory(parent, node));
    }

    /// <summary>Nothing more is added to the directory.</summary>
    public void CloseDirectory(DirectoryBuilder directory) => _writer.Release(directory);

    private void Cut(bool endOfStream)
    {
        while (_fill > _chunkStart)
        {
            var length = _writer.Chunker.FindCut(_slab!.Bytes[_chunkStart.._fill], ref _scanned, endOfStream);
            if (length == 0)
                return;
            Emit(length);
        }
    }

    private void Emit(int length)
    {
        var chunk = _slab!.Bytes.Slice(_chunkStart, length);
        var isZero = length == ZeroChunk.Size && ZeroChunk.Starts(chunk);
        if (isZero && _zeroIsQueued)
            AddZeroId();
        else
        {
            var id = AddId();
            _directory!.Hold();
            _slab.Chunks.Add(new Chunk(_chunkStart, length, _directory, id.Text, id.Offset));
            _zeroIsQueued |= isZero;
        }
        _chunkStart += length;
        _scanned = 0;
        if (_chunkStart == _fill && _slab.Chunks.Count == 0)
            _chunkStart = _fill = 0;
    }

    private void NextSlab()
    {
        var next = _writer.RentSlab();
        var open = _fill - _chunkStart;
        if (_slab is not null)
        {
            if (_directory is not null && open > 0)
                _slab.Bytes.Slice(_chunkStart, open).CopyTo(next.Bytes);
            else
                open = 0;
            _writer.Submit(_slab);
        }
        _slab = next;
        _chunkStart = 0;
        _fill = open;
    }

    /// <summary>Hands a well filled slab on, so that workers do not wait for the next one while this thread looks at unchanged files.</summary>
    private void Submit()
    {
        if (
            _slab is null
            || _fill < Slab.Size / 2 && _slab.Chunks.Count < Slab.MaxChunks / 2
            || _slab.Chunks.Count == 0
        )
            return;
        Flush();
    }

    /// <summary>Hands what is there to the workers. Between two files only.</summary>
    public void Flush()
    {
        if (_slab is null)
            return;
        _writer.Submit(_slab);
        _slab = null;
        _chunkStart = _fill = 0;
    }
}
