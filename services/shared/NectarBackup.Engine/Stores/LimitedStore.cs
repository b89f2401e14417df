namespace NectarBackup.Engine.Stores;

/// <summary>Slows transfers down to given rates, over all calls together. What is moved is charged before the call.</summary>
/// <param name="inner">The store.</param>
/// <param name="uploadRate">Bytes per second; null for no limit.</param>
/// <param name="downloadRate">Bytes per second; null for no limit.</param>
/// <param name="time">The clock.</param>
public sealed class LimitedStore(IObjectStore inner, long? uploadRate, long? downloadRate, TimeProvider? time = null)
    : IObjectStore
{
    private readonly RateLimit? _upload = RateLimit.Of(uploadRate, time ?? TimeProvider.System);
    private readonly RateLimit? _download = RateLimit.Of(downloadRate, time ?? TimeProvider.System);

    public string Location => inner.Location;

    public string? SpoolDirectory => inner.SpoolDirectory;

    public int Connections => inner.Connections;

    public bool IsRemote => inner.IsRemote;

    public Task CreateAsync(CancellationToken cancellationToken) => inner.CreateAsync(cancellationToken);

    public async Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken)
    {
        if (_upload is not null)
            await _upload.TakeAsync(content.Length, cancellationToken).ConfigureAwait(false);
        await inner.PutAsync(name, content, cancellationToken).ConfigureAwait(false);
    }

    public async Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    )
    {
        if (_download is not null)
            await _download.TakeAsync(destination.Length, cancellationToken).ConfigureAwait(false);
        await inner.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
    }

    public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.FindLengthAsync(name, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectKind kind, CancellationToken cancellationToken) =>
        inner.ListAsync(kind, cancellationToken);

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.DeleteAsync(name, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>
/// A token bucket that may go into debt: a call of any size passes once what came before it is paid for, and those after it wait. One second's
/// worth is saved up at most.
/// </summary>
internal sealed class RateLimit(long bytesPerSecond, TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _last = time.GetTimestamp();
    private double _saved = bytesPerSecond;

    /// <exception cref="ArgumentOutOfRangeException">Not a positive rate.</exception>
    public static RateLimit? Of(long? bytesPerSecond, TimeProvider time)
    {
        if (bytesPerSecond is not { } rate)
            return null;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate, nameof(bytesPerSecond));
        return new RateLimit(rate, time);
    }

    public Task TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        double debt;
        lock (_gate)
        {
            var now = time.GetTimestamp();
            _saved = Math.Min(bytesPerSecond, _saved + time.GetElapsedTime(_last, now).TotalSeconds * bytesPerSecond);
            _last = now;
            debt = -_saved;
            _saved -= bytes;
        }
        return debt <= 0
            ? Task.CompletedTask
            : Task.Delay(TimeSpan.FromSeconds(debt / bytesPerSecond), time, cancellationToken);
    }
}
