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
