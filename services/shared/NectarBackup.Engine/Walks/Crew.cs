namespace NectarBackup.Engine.Walks;

/// <summary>Several workers at one job: the first failure stops the others, and is the one that is raised.</summary>
internal static class Crew
{
    /// <param name="count">Workers; 1 or more.</param>
    /// <param name="work">What each of them does; the token is cancelled when another one fails.</param>
    /// <param name="cancellationToken">Stops all.</param>
    public static async Task RunAsync(
        int count,
        Func<CancellationToken, Task> work,
        CancellationToken cancellationToken
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = Task.WhenAll(Enumerable.Range(0, count).Select(_ => Task.Run(GuardedAsync, CancellationToken.None)));
        try
        {
            await all;
        }
        catch (OperationCanceledException) when (all.Exception is { } errors)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(
                errors.InnerExceptions.First(static e => e is not OperationCanceledException)
            );
        }

        async Task GuardedAsync()
        {
            try
            {
                await work(stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    /// <summary>Hands out a list, one item to one worker.</summary>
    public static Task ForEachAsync<T, TWorker>(
        IReadOnlyList<T> items,
        int count,
        Func<TWorker> hire,
        Func<TWorker, T, CancellationToken, Task> work,
        CancellationToken cancellationToken
    )
        where TWorker : IDisposable
    {
        var next = -1;
        return RunAsync(
            Math.Max(1, Math.Min(count, items.Count)),
            async token =>
            {
                using var worker = hire();
                for (int i; (i = Interlocked.Increment(ref next)) < items.Count; )
                    await work(worker, items[i], token);
            },
            cancellationToken
        );
    }

    /// <summary>Runs what may only be done under a lock, and stops it when the lock is lost.</summary>
    /// <exception cref="RepositoryException">Locked: the lock was lost.</exception>
    public static async Task<T> UnderLockAsync<T>(
        Func<CancellationToken, Task<T>> work,
        CancellationToken lost,
        CancellationToken cancellationToken
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(lost, cancellationToken);
        try
        {
            return await work(stop.Token);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            throw new RepositoryException(
                RepositoryError.Locked,
                "the lock was lost, so the work was stopped",
                "run it again: what is done stays done"
            );
        }
    }
}
