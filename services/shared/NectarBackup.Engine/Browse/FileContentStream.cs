using System.Buffers;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Browse;

/// <summary>
/// A file of a snapshot as a stream that can be read and sought. Chunks are fetched as they are needed; whoever reads on gets the next ones fetched ahead,
/// in parallel. Held are a few chunks and 40 bytes for each chunk of the file. One thread at a time.
/// </summary>
public sealed class FileContentStream : Stream
{
    /// <summary>Chunks that are fetched ahead of a reader who goes straight on.</summary>
    private const int ReadAhead = 3;

    private readonly Repository _repository;
    private readonly ObjectId[] _ids;
    private readonly long[] _ends;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, Task<Chunk>> _chunks = [];
    private readonly List<int> _byUse = []; // most recent last
    private int _last = -1;
    private long _position;

    /// <summary>A chunk, in a buffer that is longer if it is rented.</summary>
    private readonly record struct Chunk(byte[] Bytes, int Length, bool IsRented);

    private FileContentStream(Repository repository, ObjectId[] ids, long[] ends) =>
        (_repository, _ids, _ends) = (repository, ids, ends);

    /// <summary>Opens a file by the ids of its chunks. The repository's index must be loaded.</summary>
    /// <exception cref="RepositoryException">Damaged: no index knows a chunk.</exception>
    public static FileContentStream Open(Repository repository, ReadOnlySpan<ObjectId> content)
    {
        var ends = new long[content.Length];
        long end = 0;
        for (var i = 0; i < content.Length; i++)
        {
            if (!repository.Index.TryFind(BlobType.Data, content[i], out var place))
                throw RepositoryException.Damaged($"data blob {content[i]}", "no index knows where it is");
            if (place.Blob.Length > Restore.RangeReader.MaxStoredLength)
                throw RepositoryException.Damaged($"data blob {content[i]}", "its length is impossible");
            ends[i] = end += place.Blob.ContentLength;
        }
        return new FileContentStream(repository, content.ToArray(), ends);
    }

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;

    /// <summary>The sum of the chunks, whatever the node says.</summary>
    public override long Length => _ends.Length == 0 ? 0 : _ends[^1];

    public override long Position
    {
        get => _position;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _position = value;
        }
    }

    /// <exception cref="RepositoryException">Damaged.</exception>
    /// <exception cref="StoreException">A chunk cannot be read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var rest = await FetchAsync(cancellationToken).ConfigureAwait(false);
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        while (true)
        {
            var rest = await FetchAsync(cancellationToken).ConfigureAwait(false);
            if (rest.IsEmpty)
                return;
            await destination.WriteAsync(rest, cancellationToken).ConfigureAwait(false);
            _position += rest.Length;
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var rest = FetchAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
        var count = Math.Min(rest.Length, buffer.Length);
        rest.Span[..count].CopyTo(buffer);
        _position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>The chunk at the position, from there to its end; empty at the end of the file. Good until the next call.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> FetchAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
        if (_position >= Length)
            return default;
        var number = Array.BinarySearch(_ends, _position);
        number = number < 0 ? ~number : number + 1;
        // An empty chunk ends where it begins: no position lies in it.
        var start = number == 0 ? 0 : _ends[number - 1];
        var task = Want(number);
        // A reader who starts, or comes to the next chunk, will most likely go on.
        if (number == _last + 1)
            for (var next = number + 1; next <= Math.Min(number + ReadAhead, _ids.Length - 1); next++)
                _ = Want(next);
        _last = number;
        Evict(number);
        Chunk chunk;
        try
        {
            chunk = await task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch when (task.IsFaulted)
        {
            _chunks.Remove(number); // the next read may find the store well again
            _byUse.Remove(number);
            throw;
        }
        return chunk.Bytes.AsMemory((int)(_position - start), chunk.Length - (int)(_position - start));
    }

    private Task<Chunk> Want(int number)
    {
        _byUse.Remove(number);
        _byUse.Add(number);
        if (!_chunks.TryGetValue(number, out var task))
            _chunks.Add(number, task = Task.Run(() => LoadAsync(_ids[number])));
        return task;
    }

    private void Evict(int used)
    {
        while (_byUse.Count > ReadAhead + 2)
        {
            var oldest = _byUse[0] == used ? 1 : 0;
            var number = _byUse[oldest];
            _byUse.RemoveAt(oldest);
            if (_chunks.Remove(number, out var task))
                Return(task);
        }
    }

    private async Task<Chunk> LoadAsync(ObjectId id)
    {
        if (!_repository.Index.TryFind(BlobType.Data, id, out var place))
            throw RepositoryException.Damaged($"data blob {id}", "no index knows where it is");
        var stored = ArrayPool<byte>.Shared.Rent((int)place.Blob.Length);
        var content = ArrayPool<byte>.Shared.Rent((int)place.Blob.ContentLength);
        try
        {
            var bytes = stored.AsMemory(0, (int)place.Blob.Length);
            var name = new ObjectName(ObjectKind.Pack, place.Pack);
            await _repository.Store.ReadAsync(name, place.Blob.Offset, bytes, _stop.Token).ConfigureAwait(false);
            var plain = content.AsSpan(0, (int)place.Blob.ContentLength);
            _repository.Blobs.Open(place.Blob, bytes.Span, bytes.Span[16..], plain, place.Pack);
            return new Chunk(content, plain.Length, IsRented: true);
        }
        catch (Exception e) when (e is RepositoryException or StoreException)
        {
            // The reader of single blobs tries every other place before it gives up.
            ArrayPool<byte>.Shared.Return(content);
            var other = await _repository.Blobs.LoadAsync(BlobType.Data, id, _stop.Token).ConfigureAwait(false);
            return new Chunk(other, other.Length, IsRented: false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    private static void Return(Task<Chunk> task) =>
        task.ContinueWith(
            static done =>
            {
                if (done.IsCompletedSuccessfully && done.Result.IsRented)
                    ArrayPool<byte>.Shared.Return(done.Result.Bytes);
                else
                    _ = done.Exception;
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => Length + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_stop.IsCancellationRequested)
        {
            _stop.Cancel();
            foreach (var task in _chunks.Values)
                Return(task);
            _chunks.Clear();
        }
        base.Dispose(disposing);
    }
}
