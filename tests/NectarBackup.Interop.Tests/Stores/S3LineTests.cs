using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>A real server behind a line that breaks.</summary>
public sealed class S3LineTests(CephGateway gateway)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly RetryPolicy Quick = RetryPolicy.Default with { FirstWait = TimeSpan.FromMilliseconds(5) };

    private static (ObjectName Name, byte[] Bytes) Pack(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return (new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes)), bytes);
    }

    private async Task<(TcpProxy Proxy, S3Options Options)> BehindProxyAsync()
    {
        var options = await gateway.NewBucketAsync();
        var proxy = new TcpProxy(options.Endpoint);
        return (proxy, options with { Endpoint = proxy.Address, StallTimeout = TimeSpan.FromSeconds(2) });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connection_that_is_reset_in_the_middle_of_a_put_costs_a_retry(bool spooled)
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        List<StoreRetry> retries = [];
        await using var store = new RetryingStore(new S3Store(options, gateway.Credentials), Quick, retries.Add);
        await store.CreateAsync(Cancellation);
        using var directory = new TemporaryDirectory();
        var (name, bytes) = Pack(4 << 20);
        await File.WriteAllBytesAsync(directory["spool"], bytes, Cancellation);
        proxy.Set(new LineFault { ResetAfterSent = 1 << 20, Times = 2 });

        await store.PutAsync(
            name,
            spooled ? ObjectContent.OfSpoolFile(directory["spool"], bytes.Length) : ObjectContent.Of(bytes),
            Cancellation
        );

        Assert.Equal(2, proxy.Struck);
        Assert.Equal(2, retries.Count);
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(back));
        Assert.Equal(spooled, !File.Exists(directory["spool"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_acknowledgement_sends_nothing_twice(bool spooled)
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        var counting = new Testing.Stores.FaultStore(
            new S3Store(options, gateway.Credentials),
            new Testing.Stores.FaultRates(),
            seed: 1
        );
        await using var store = new RetryingStore(counting, Quick);
        await store.CreateAsync(Cancellation);
        using var directory = new TemporaryDirectory();
        var (name, bytes) = Pack(300_000);
        await File.WriteAllBytesAsync(directory["spool"], bytes, Cancellation);
        proxy.Set(new LineFault { LoseAnswer = true });

        await store.PutAsync(
            name,
            spooled ? ObjectContent.OfSpoolFile(directory["spool"], bytes.Length) : ObjectContent.Of(bytes),
            Cancellation
        );

        Assert.Equal(1, proxy.Struck);
        Assert.Equal(3, counting.Calls); // create, put, stat
        Assert.Equal(bytes.Length, await store.FindLengthAsync(name, Cancellation));
        Assert.Equal(spooled, !File.Exists(directory["spool"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_config_whose_acknowledgement_is_lost_is_not_taken_for_anothers(bool spooled)
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        await using var single = new S3Store(options, gateway.Credentials);
        await using var store = new RetryingStore(single, Quick);
        await store.CreateAsync(Cancellation);
        using var directory = new TemporaryDirectory();
        byte[] bytes = [1, 2, 3, 4];
        await File.WriteAllBytesAsync(directory["spool"], bytes, Cancellation);
        var content = spooled ? ObjectContent.OfSpoolFile(directory["spool"], 4) : ObjectContent.Of(bytes);
        proxy.Set(new LineFault { LoseAnswer = true, Times = 2 }); // the look, and then the put

        await store.PutAsync(ObjectName.Config, content, Cancellation);

        var back = new byte[4];
        await store.ReadAsync(ObjectName.Config, 0, back, Cancellation);
        Assert.Equal(bytes, back);
        var taken = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(ObjectName.Config, ObjectContent.Of(bytes), Cancellation)
        );
        Assert.True(taken.IsAlreadyThere);
    }

    [Fact]
    public async Task A_line_that_goes_silent_in_an_answer_is_left_for_another()
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        List<StoreRetry> retries = [];
        options = options with { StallTimeout = TimeSpan.FromMilliseconds(500) };
        await using var store = new RetryingStore(new S3Store(options, gateway.Credentials), Quick, retries.Add);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack(1 << 20);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        proxy.Set(new LineFault { BlackholeAfterReceived = 200_000 });
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(back));
        Assert.Contains("time limit", Assert.Single(retries).Cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_line_that_moves_is_not_given_up()
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        options = options with { StallTimeout = TimeSpan.FromSeconds(1) };
        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack(2 << 20);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        proxy.Set(new LineFault { Latency = TimeSpan.FromMilliseconds(15) });
        var start = TimeProvider.System.GetTimestamp();
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(TimeProvider.System.GetElapsedTime(start) > options.StallTimeout);
        Assert.True(bytes.AsSpan().SequenceEqual(back));
    }

    [Fact]
    public async Task A_large_object_whose_parts_fail_leaves_no_upload_behind()
    {
        var (proxy, options) = await BehindProxyAsync();
        await using var line = proxy;
        options = options with { MultipartThreshold = 6 << 20, PartLength = 5 << 20 };
        var single = new S3Store(options, gateway.Credentials);
        await using var store = new RetryingStore(single, Quick);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack((22 << 20) + 1);
        proxy.Set(new LineFault { ResetAfterSent = 9 << 20 });
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            single.PutAsync(name, ObjectContent.Of(bytes), Cancellation)
        );
        Assert.True(error.IsTransient);
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        using var plain = PlainS3.Connect(gateway, options);
        var uploads = await plain.ListMultipartUploadsAsync(options.Bucket, Cancellation);
        Assert.Empty(uploads.MultipartUploads ?? []);

        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(back));
    }

    [Fact]
    public async Task A_refusal_is_heard_though_the_body_is_large()
    {
        var options = await gateway.NewBucketAsync();
        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var key = new S3Credentials(gateway.Environ["AWS_ACCESS_KEY_ID"], "quite-wrong");
        await using var wrong = new RetryingStore(new S3Store(options, key), Quick with { MaxAttempts = 3 });
        var (name, bytes) = Pack(16 << 20);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            wrong.PutAsync(name, ObjectContent.Of(bytes), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, error.Fault);
    }
}
