using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.Stores;

/// <summary>A call that failed and will be tried again.</summary>
/// <param name="What">The call, for people.</param>
/// <param name="Attempt">How many times it was tried, from 1.</param>
/// <param name="Wait">Until the next try.</param>
/// <param name="Cause">Why it failed.</param>
public readonly record struct StoreRetry(string What, int Attempt, TimeSpan Wait, StoreException Cause);

/// <summary>How long a call is tried.</summary>
/// <param name="MaxElapsed">From its first try; no new try begins later.</param>
/// <param name="MaxAttempts">Tries in all.</param>
/// <param name="FirstWait">Doubled with every try up to <paramref name="MaxWait"/>; a random half of it is taken off.</param>
/// <param name="MaxWait">The longest wait.</param>
public sealed record RetryPolicy(TimeSpan MaxElapsed, int MaxAttempts, TimeSpan FirstWait, TimeSpan MaxWait)
{
    /// <summary>15 minutes, as restic.</summary>
    public static RetryPolicy Default { get; } =
        new(TimeSpan.FromMinutes(15), 60, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(60));
}

/// <summary>Tries calls again that failed with a <see cref="StoreFault.Transient"/> error; every other error is passed on at once.</summary>
public sealed class RetryingStore(
    IObjectStore inner,
    RetryPolicy? policy = null,
    Action<StoreRetry>? retried = null,
    TimeProvider? time = null,
    Random? random = null
) : IObjectStore
{
    /// <summary>Bytes of a config that is compared; real ones have some 150.</summary>
    private const int MaxConfig = 1 << 20;

    private readonly RetryPolicy _policy = policy ?? RetryPolicy.Default;
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Random _random = random ?? Random.Shared;

    public string Location => inner.Location;

    public string? SpoolDirectory => inner.SpoolDirectory;

    public int Connections => inner.Connections;

    public bool IsRemote => inner.IsRemote;

    public Task CreateAsync(CancellationToken cancellationToken) =>
        TryAsync("create", (_, token) => Done(inner.CreateAsync(token)), cancellationToken);

    /// <summary>
    /// Before an object is sent again it is looked for: if only the acknowledgement was lost, nothing is sent twice. (Its name is its hash, and no
    /// store keeps half an object.) The first try does not look.
    /// </summary>
    public Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken) =>
        TryAsync(
            $"put {name}",
            async (attempt, token) =>
            {
                if (attempt == 1)
                    await inner.PutAsync(name, content, token).ConfigureAwait(false);
                else if (!await IsStoredAsync(name, content, token).ConfigureAwait(false))
                    await inner.PutAsync(name, content, token).ConfigureAwait(false);
                else if (content.SpoolPath is { } spool)
                    SpoolFiles.Delete(name, spool);
                return true;
            },
            cancellationToken
        );

    /// <summary>
    /// Whether an earlier try was carried out. A config must be equal as well (it is sealed, so equal bytes are no chance); one whose spool file is
    /// gone was taken over by that try.
    /// </summary>
    private async Task<bool> IsStoredAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken)
    {
        if (await inner.FindLengthAsync(name, cancellationToken).ConfigureAwait(false) != content.Length)
            return false;
        if (name.Kind != ObjectKind.Config || content.SpoolPath is { } path && !File.Exists(path))
            return true;
        if (content.Length > MaxConfig)
            return false;
        var stored = new byte[content.Length];
        await inner.ReadAsync(name, 0, stored, cancellationToken).ConfigureAwait(false);
        if (content.SpoolPath is null)
            return content.Memory.Span.SequenceEqual(stored);
        var meant = new byte[content.Length];
        using var spool = SpoolFiles.Open(name, content);
        try
        {
            return RandomAccess.Read(spool, meant, 0) == meant.Length && meant.AsSpan().SequenceEqual(stored);
        }
        catch (IOException e)
        {
            throw PosixFiles.Explain(e, $"cannot read the spool file '{content.SpoolPath}'");
        }
    }

    public Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    ) =>
        TryAsync(
            $"read {name}",
            (_, token) => Done(inner.ReadAsync(name, offset, destination, token)),
            cancellationToken
        );

    public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken) =>
        TryAsync($"stat {name}", (_, token) => inner.FindLengthAsync(name, token), cancellationToken);

    /// <summary>A list that breaks off is begun anew, and what was listed before is not listed twice.</summary>
    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        HashSet<ObjectId> listed = [];
        var start = _time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            StoreException? failure = null;
            await using var entries = inner.ListAsync(kind, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (true)
            {
                try
                {
                    if (!await entries.MoveNextAsync().ConfigureAwait(false))
                        yield break;
                }
                catch (StoreException e) when (e.IsTransient)
                {
                    failure = e;
                    break;
                }
                if (listed.Add(entries.Current.Name.Id))
                    yield return entries.Current;
            }
            await WaitAsync($"list {kind}", attempt, start, failure, cancellationToken).ConfigureAwait(false);
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        TryAsync($"delete {name}", (_, token) => Done(inner.DeleteAsync(name, token)), cancellationToken);

    private static async Task<bool> Done(Task call)
    {
        await call.ConfigureAwait(false);
        return true;
    }

    private async Task<T> TryAsync<T>(
        string what,
        Func<int, CancellationToken, Task<T>> call,
        CancellationToken cancellationToken
    )
    {
        var start = _time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(attempt, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException e) when (e.IsTransient)
            {
                await WaitAsync(what, attempt, start, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <exception cref="StoreException">The budget is used up: the last failure, saying so.</exception>
    private async Task WaitAsync(
        string what,
        int attempt,
        long start,
        StoreException cause,
        CancellationToken cancellationToken
    )
    {
        var longest = Math.Min(_policy.MaxWait.Ticks, _policy.FirstWait.Ticks * Math.Pow(2, Math.Min(attempt - 1, 30)));
        var wait = TimeSpan.FromTicks((long)(longest * (0.5 + 0.5 * _random.NextDouble())));
        var elapsed = _time.GetElapsedTime(start);
        if (attempt >= _policy.MaxAttempts || elapsed + wait > _policy.MaxElapsed)
            throw new StoreException(
                StoreFault.Transient,
                $"gave up after {attempt} tries in {elapsed.TotalSeconds:0} s: {cause.Message}",
                cause
            );
        retried?.Invoke(new StoreRetry(what, attempt, wait, cause));
        await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
