using System.Runtime.CompilerServices;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Testing.Stores;

/// <summary>How often (0 to 1) each fault strikes a call.</summary>
public sealed record FaultRates
{
    /// <summary>Fails before anything was done.</summary>
    public double Before { get; init; }

    /// <summary>Does it, and then fails: the acknowledgement is lost.</summary>
    public double After { get; init; }

    /// <summary>A read finds fewer bytes than there are.</summary>
    public double ShortRead { get; init; }

    /// <summary>A read succeeds with one bit turned over.</summary>
    public double BitFlip { get; init; }

    /// <summary>The kind of object whose reads come short or with a bit turned over; null for every kind.</summary>
    public ObjectKind? Damaged { get; init; }

    /// <summary>Waits for <see cref="DelayTime"/> first.</summary>
    public double Delay { get; init; }

    public TimeSpan DelayTime { get; init; } = TimeSpan.FromMilliseconds(1);
}

/// <summary>A store in front of another that fails by a seed. The same seed and the same order of calls give the same faults.</summary>
/// <param name="inner">What really stores.</param>
/// <param name="rates">How often.</param>
/// <param name="seed">Of the sequence of faults.</param>
/// <param name="beforeCall">Told the number (from 1) and text of each call before it; what it throws ends the call: a crash at a chosen call.</param>
public sealed class FaultStore(IObjectStore inner, FaultRates rates, int seed, Action<int, string>? beforeCall = null)
    : IObjectStore
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private int _calls;
    private int _faults;

    public int Calls => Volatile.Read(ref _calls);

    public int Faults => Volatile.Read(ref _faults);

    public string Location => inner.Location;

    public string? SpoolDirectory => inner.SpoolDirectory;

    public int Connections => inner.Connections;

    public bool IsRemote => inner.IsRemote;

    public Task CreateAsync(CancellationToken cancellationToken) =>
        CallAsync("create", () => inner.CreateAsync(cancellationToken), cancellationToken);

    public Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken) =>
        CallAsync($"put {name}", () => inner.PutAsync(name, content, cancellationToken), cancellationToken);

    public Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    ) =>
        CallAsync(
            $"read {name}",
            async () =>
            {
                await inner.ReadAsync(name, offset, destination, cancellationToken);
                if (destination.IsEmpty || rates.Damaged is { } kind && kind != name.Kind)
                    return;
                if (Strikes(rates.ShortRead))
                    throw new StoreException(StoreFault.TooShort, $"injected: {name} ends early");
                if (Strikes(rates.BitFlip))
                    Flip(destination.Span);
            },
            cancellationToken
        );

    private void Flip(Span<byte> bytes)
    {
        lock (_gate)
            bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
    }

    public async Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken)
    {
        long? length = null;
        await CallAsync(
            $"stat {name}",
            async () => length = await inner.FindLengthAsync(name, cancellationToken),
            cancellationToken
        );
        return length;
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await CallAsync($"list {kind}", () => Task.CompletedTask, cancellationToken);
        await foreach (var info in inner.ListAsync(kind, cancellationToken))
        {
            yield return info;
            Fail(rates.After / 10, $"list {kind}"); // in the midst of it
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        CallAsync($"delete {name}", () => inner.DeleteAsync(name, cancellationToken), cancellationToken);

    private async Task CallAsync(string what, Func<Task> call, CancellationToken cancellationToken)
    {
        var number = Interlocked.Increment(ref _calls);
        beforeCall?.Invoke(number, what);
        if (Strikes(rates.Delay))
            await Task.Delay(rates.DelayTime, cancellationToken);
        Fail(rates.Before, what);
        await call();
        Fail(rates.After, what);
    }

    private void Fail(double rate, string what)
    {
        if (Strikes(rate))
            throw new StoreException(StoreFault.Transient, $"injected: {what}");
    }

    private bool Strikes(double rate)
    {
        if (rate <= 0)
            return false;
        lock (_gate)
        {
            if (_random.NextDouble() >= rate)
                return false;
        }
        Interlocked.Increment(ref _faults);
        return true;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
