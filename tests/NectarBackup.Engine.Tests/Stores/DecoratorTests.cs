using Microsoft.Extensions.Time.Testing;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;
using NectarBackup.Testing.Stores;

namespace NectarBackup.Engine.Tests.Stores;

public sealed class DecoratorTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly byte[] Bytes = [.. Enumerable.Range(0, 5000).Select(static i => (byte)(i * 7))];
    private static readonly ObjectName Index = new(ObjectKind.Index, ObjectId.Of(Bytes));

    [Fact]
    public async Task A_retry_waits_longer_each_time_and_is_reported_until_the_time_is_up()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
        List<StoreRetry> retries = [];
        await using var store = new RetryingStore(
            new FaultStore(new MemoryStore(), new FaultRates { Before = 1 }, seed: 1),
            RetryPolicy.Default,
            retries.Add,
            time
        );
        var put = store.PutAsync(Index, ObjectContent.Of(Bytes), Cancellation);
        while (!put.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }
        var error = await Assert.ThrowsAsync<StoreException>(() => put);
        Assert.StartsWith("gave up after", error.Message, StringComparison.Ordinal);
        Assert.True(retries.Count > 10);
        Assert.InRange(retries[0].Wait.TotalSeconds, 0.25, 0.5);
        Assert.InRange(retries[^1].Wait.TotalSeconds, 30, 60);
    }

    [Fact]
    public async Task What_cannot_get_better_is_not_tried_again()
    {
        var faults = new FaultStore(new MemoryStore(), new FaultRates(), seed: 1);
        await using var store = new RetryingStore(faults);
        await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(Index, 0, new byte[1], Cancellation));
        Assert.Equal(1, faults.Calls);
    }

    [Fact]
    public async Task A_lost_acknowledgement_of_the_config_is_no_second_repository()
    {
        var lost = 0;
        var memory = new MemoryStore();
        await using var store = new RetryingStore(
            new FaultStore(new AcknowledgementLost(memory, () => lost++ == 0), new FaultRates(), seed: 1),
            RetryPolicy.Default with
            {
                FirstWait = TimeSpan.FromMilliseconds(1),
            }
        );
        await store.PutAsync(ObjectName.Config, ObjectContent.Of(Bytes), Cancellation);
        Assert.Equal(1, lost);
        var other = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(ObjectName.Config, ObjectContent.Of(new byte[5000]), Cancellation)
        );
        Assert.True(other.IsAlreadyThere);
    }

    [Fact]
    public async Task A_cached_index_is_read_once_and_a_spoilt_one_is_fetched_again()
    {
        using var directory = new TemporaryDirectory();
        var counting = new FaultStore(new MemoryStore(), new FaultRates(), seed: 1);
        await counting.PutAsync(Index, ObjectContent.Of(Bytes), Cancellation);
        await using var store = new CachingStore(counting, directory.Path, ObjectId.Of([1]));
        var back = new byte[Bytes.Length];
        await store.ReadAsync(Index, 0, back, Cancellation);
        await store.ReadAsync(Index, 0, back, Cancellation);
        Assert.Equal(2, counting.Calls);

        var cached = Directory.GetFiles(directory.Path, "*", SearchOption.AllDirectories).Single();
        var spoilt = await File.ReadAllBytesAsync(cached, Cancellation);
        spoilt[99] ^= 1;
        await File.WriteAllBytesAsync(cached, spoilt, Cancellation);
        await store.ReadAsync(Index, 0, back, Cancellation);
        Assert.Equal(Bytes, back);
        Assert.Equal(3, counting.Calls);
    }

    [Fact]
    public async Task A_rate_is_kept_over_several_calls()
    {
        var time = new FakeTimeProvider();
        await using var store = new LimitedStore(new MemoryStore(), 1000, null, time);
        await store.PutAsync(Index, ObjectContent.Of(Bytes), Cancellation); // 5 s worth, one of them saved up
        await store.DeleteAsync(Index, Cancellation);
        var put = store.PutAsync(Index, ObjectContent.Of(Bytes), Cancellation);
        time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.False(put.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        await put;
    }

    /// <summary>Carries a put out and then says that the connection was lost, if asked to.</summary>
    private sealed class AcknowledgementLost(IObjectStore inner, Func<bool> isLost) : IObjectStore
    {
        public string Location => inner.Location;
        public string? SpoolDirectory => inner.SpoolDirectory;

        public Task CreateAsync(CancellationToken cancellationToken) => inner.CreateAsync(cancellationToken);

        public async Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken)
        {
            var lost = isLost();
            await inner.PutAsync(name, content, cancellationToken);
            if (lost)
                throw new StoreException(StoreFault.Transient, "injected: acknowledgement lost");
        }

        public Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken token) =>
            inner.ReadAsync(name, offset, destination, token);

        public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken) =>
            inner.FindLengthAsync(name, cancellationToken);

        public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectKind kind, CancellationToken cancellationToken) =>
            inner.ListAsync(kind, cancellationToken);

        public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
            inner.DeleteAsync(name, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
