using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Locks;

/// <summary>How a lock is taken.</summary>
/// <param name="Identity">Who takes it.</param>
/// <param name="Time">The clock for its refresh and for judging others.</param>
/// <param name="Wait">How long to wait for conflicting locks to go, zero to fail at once.</param>
/// <param name="OnWaiting">Told of the lock that is waited for.</param>
public sealed record LockOptions(
    ILockIdentity Identity,
    TimeProvider Time,
    TimeSpan Wait = default,
    Action<LockFile>? OnWaiting = null
);

/// <summary>
/// A held repository lock (restic design: "Locks"; <c>internal/repository/lock.go</c>). Shared: backup, copy, restore and all that only reads. Exclusive: whatever
/// deletes. Refreshed every five minutes by writing a new file before the old one is deleted. Disposing it deletes it.
/// Stale locks of other programs block until <c>unlock</c> removes them; our own whose process is certainly gone, or that are stale by age, are removed on the way.
/// </summary>
public sealed class RepositoryLock : IAsyncDisposable
{
    private static readonly TimeSpan s_refreshEvery = TimeSpan.FromMinutes(5);

    /// <summary>Not refreshed for this long, the holder must stop: others will soon take the lock for stale.</summary>
    private static readonly TimeSpan s_lostAfter = TimeSpan.FromMinutes(22.5);

    /// <summary>Two that write at once see each other when they look again after this.</summary>
    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(200);

    private readonly Repository _repository;
    private readonly bool _exclusive;
    private readonly LockOptions _options;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stop = new();
    private ObjectId _id;
    private Task _refreshing = Task.CompletedTask;

    private RepositoryLock(Repository repository, bool exclusive, LockOptions options) =>
        (_repository, _exclusive, _options) = (repository, exclusive, options);

    /// <summary>Cancelled when the lock could not be refreshed in time: nothing more may be written or deleted.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes a lock.</summary>
    /// <exception cref="RepositoryException">Locked: names the holder.</exception>
    public static async Task<RepositoryLock> AcquireAsync(
        Repository repository,
        bool exclusive,
        LockOptions options,
        CancellationToken cancellationToken
    )
    {
        var held = new RepositoryLock(repository, exclusive, options);
        var time = options.Time;
        var started = time.GetTimestamp();
        var pause = TimeSpan.FromSeconds(5);
        while (true)
        {
            var conflict = await held.TryAcquireAsync(cancellationToken);
            if (conflict is null)
                break;
            var left = options.Wait - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                throw new RepositoryException(
                    RepositoryError.Locked,
                    $"the repository is locked: {conflict}",
                    "wait for it to finish (--retry-lock), or run 'unlock' if that process is gone"
                );
            options.OnWaiting?.Invoke(conflict);
            await Task.Delay(pause < left ? pause : left, time, cancellationToken);
            pause = pause * 2 < TimeSpan.FromMinutes(1) ? pause * 2 : TimeSpan.FromMinutes(1);
        }
        held._refreshing = held.RefreshAsync();
        return held;
    }

    /// <returns>The conflicting lock, or null if this one is held now.</returns>
    private async Task<LockFile?> TryAcquireAsync(CancellationToken cancellationToken)
    {
        if (await FindConflictAsync(cancellationToken) is { } before)
            return before;
        _id = await WriteAsync(cancellationToken);
        try
        {
            await Task.Delay(s_settle, _options.Time, cancellationToken);
            if (await FindConflictAsync(cancellationToken) is not { } conflict)
                return null;
            await DeleteAsync(_id, CancellationToken.None);
            return conflict;
        }
        catch
        {
            await DeleteAsync(_id, CancellationToken.None);
            throw;
        }
    }

    private async Task<LockFile?> FindConflictAsync(CancellationToken cancellationToken)
    {
        LockFile? conflict = null;
        await foreach (var (id, held) in ListAsync(_repository, _options.Time, cancellationToken))
        {
            if (id == _id)
                continue;
            var now = _options.Time.GetUtcNow();
            if (held.IsAbandoned(_options.Identity) || held.Holder is not null && now - held.Time > LockFile.StaleAge)
                await DeleteAsync(id, cancellationToken);
            else if (_exclusive || held.Exclusive)
                conflict = held;
        }
        return conflict;
    }

    /// <summary>All locks of a repository. Empty files, left by programs that were killed, are passed over.</summary>
    /// <exception cref="RepositoryException">Damaged: a lock stays unreadable, so that nobody knows what it guards.</exception>
    public static async IAsyncEnumerable<(ObjectId Id, LockFile Lock)> ListAsync(
        Repository repository,
        TimeProvider time,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var infos = new List<ObjectInfo>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Lock, cancellationToken))
            if (info.Length > 0)
                infos.Add(info);
        foreach (var info in infos)
            if (await LoadAsync(repository, info.Name, time, cancellationToken) is { } loaded)
                yield return (info.Name.Id, loaded);
    }

    private static async Task<LockFile?> LoadAsync(
        Repository repository,
        ObjectName name,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        for (var pause = TimeSpan.FromSeconds(5); ; pause *= 2)
        {
            try
            {
                return LockFile.Parse(await repository.LoadUnpackedAsync(name, cancellationToken), name);
            }
            catch (StoreException e) when (e.IsNotFound)
            {
                return null; // released since it was listed
            }
            catch (RepositoryException) when (pause <= TimeSpan.FromSeconds(20))
            {
                await Task.Delay(pause, time, cancellationToken); // perhaps it is being written
            }
        }
    }

    /// <summary>Deletes stale locks, or all of them.</summary>
    /// <returns>How many were deleted.</returns>
    public static async Task<int> UnlockAsync(
        Repository repository,
        bool all,
        ILockIdentity identity,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var names = new List<ObjectName>();
        if (all)
            await foreach (var info in repository.Store.ListAsync(ObjectKind.Lock, cancellationToken))
                names.Add(info.Name);
        else
            await foreach (var (id, held) in ListAsync(repository, time, cancellationToken))
                if (held.IsStale(time.GetUtcNow(), identity))
                    names.Add(new ObjectName(ObjectKind.Lock, id));
        foreach (var name in names)
            await repository.Store.DeleteAsync(name, cancellationToken);
        return names.Count;
    }

    private Task<ObjectId> WriteAsync(CancellationToken cancellationToken)
    {
        var self = _options.Identity;
        var file = new LockFile
        {
            Time = _options.Time.GetUtcNow(),
            Exclusive = _exclusive,
            HostName = self.HostName,
            UserName = self.UserName,
            ProcessId = self.ProcessId,
            UserId = self.UserId,
            GroupId = self.GroupId,
            Holder = self.Holder,
        };
        return _repository.SaveUnpackedAsync(ObjectKind.Lock, file.Serialize(), cancellationToken);
    }

    private Task DeleteAsync(ObjectId id, CancellationToken cancellationToken) =>
        _repository.Store.DeleteAsync(new ObjectName(ObjectKind.Lock, id), cancellationToken);

    private async Task RefreshAsync()
    {
        var time = _options.Time;
        var refreshed = time.GetUtcNow();
        while (true)
        {
            try
            {
                await Task.Delay(s_refreshEvery, time, _stop.Token);
                // A machine that slept, or whose lock was removed by 'unlock', no longer holds it.
                var name = new ObjectName(ObjectKind.Lock, _id);
                if (await _repository.Store.FindLengthAsync(name, _stop.Token) is null)
                    break;
                var old = _id;
                _id = await WriteAsync(_stop.Token);
                await DeleteAsync(old, _stop.Token);
                refreshed = time.GetUtcNow();
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (StoreException) when (time.GetUtcNow() - refreshed < s_lostAfter)
            {
                // The next round tries again; the lock is good for a while yet.
            }
            catch (StoreException)
            {
                break;
            }
        }
        await _lost.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _refreshing;
        await DeleteAsync(_id, CancellationToken.None);
        _stop.Dispose();
        _lost.Dispose();
    }
}
