namespace NectarBackup.Stores.S3;

/// <summary>Cancels a transfer in which nothing has moved for a while; every byte moved begins the time anew.</summary>
internal sealed class StallGuard : IDisposable
{
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenSource _both;
    private readonly TimeSpan _limit;

    public StallGuard(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        _limit = limit;
        _stalled = new CancellationTokenSource(limit, time);
        _both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stalled.Token);
    }

    public CancellationToken Token => _both.Token;

    public void Moved() => _stalled.CancelAfter(_limit);

    public void Dispose()
    {
        _both.Dispose();
        _stalled.Dispose();
    }
}

/// <summary>The first bytes of a source; tells a <see cref="StallGuard"/> of each read. Can seek, since a request may be built anew.</summary>
internal sealed class WatchedStream(Stream source, long start, long length, StallGuard guard) : Stream
{
    private long _position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        guard.Moved();
        source.Position = start + _position;
        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, length - _position)]);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    // The sources are memory and local files: what they have is there at once.
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer, offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        _position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => length + offset,
        };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
