using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

public sealed class S3StoreTests(CephGateway gateway)
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private static (ObjectName Name, byte[] Bytes) Pack(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return (new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes)), bytes);
    }

    [Fact]
    public async Task A_large_object_goes_in_parts_and_leaves_none_behind()
    {
        var options = await gateway.NewBucketAsync() with { MultipartThreshold = 6 << 20, PartLength = 5 << 20 };
        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack((12 << 20) + 345);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(back));
        using var plain = PlainS3.Connect(gateway, options);
        var uploads = await plain.ListMultipartUploadsAsync(options.Bucket, Cancellation);
        Assert.Empty(uploads.MultipartUploads ?? []);
    }

    [Theory]
    [InlineData(200 << 20)]
    [InlineData(1 << 20)]
    public async Task Wrong_bytes_under_a_name_are_refused_and_not_stored(long threshold)
    {
        var options = await gateway.NewBucketAsync() with { MultipartThreshold = threshold };
        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack(3 << 20);
        bytes[1 << 20] ^= 1;
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(name, ObjectContent.Of(bytes), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, error.Fault);
        Assert.Contains("another hash", error.Message, StringComparison.Ordinal);
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        bytes[1 << 20] ^= 1;
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        Assert.Equal(bytes.Length, await store.FindLengthAsync(name, Cancellation));
    }

    [Fact]
    public async Task A_wrong_secret_and_a_missing_bucket_are_told_for_good_and_without_the_secret()
    {
        var options = await gateway.NewBucketAsync();
        var (name, bytes) = Pack(10);
        await using var missing = new S3Store(options, gateway.Credentials);
        var none = await Assert.ThrowsAsync<StoreException>(() =>
            missing.PutAsync(name, ObjectContent.Of(bytes), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, none.Fault);
        Assert.Contains("no such bucket", none.Message, StringComparison.Ordinal);

        var key = new S3Credentials(gateway.Environ["AWS_ACCESS_KEY_ID"], "quite-wrong");
        await using var wrong = new S3Store(options, key);
        var refused = await Assert.ThrowsAsync<StoreException>(() => wrong.CreateAsync(Cancellation));
        Assert.Equal(StoreFault.Permanent, refused.Fault);
        Assert.DoesNotContain("quite-wrong", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_may_come_back()
    {
        var options = new S3Options(new Uri("http://127.0.0.1:1"), "b", "");
        await using var store = new S3Store(options, gateway.Credentials);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.FindLengthAsync(ObjectName.Config, Cancellation)
        );
        Assert.Equal(StoreFault.Transient, error.Fault);
    }

    [Theory]
    [InlineData("http://h:9000/b/p/q/", "http://h:9000/", "b", "p/q")]
    [InlineData("https://h/b", "https://h/", "b", "")]
    [InlineData("s3.amazonaws.com/b/p", "https://s3.amazonaws.com/", "b", "p")]
    [InlineData("//h:1/b", "https://h:1/", "b", "")]
    public void Locations_are_read_as_restic_reads_them(string text, string endpoint, string bucket, string prefix)
    {
        var options = S3Options.Parse(text);
        Assert.Equal((endpoint, bucket, prefix), (options.Endpoint.ToString(), options.Bucket, options.Prefix));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://h")]
    [InlineData("http://key:hidden@h/b")]
    [InlineData("h/b?x=1")]
    public void What_is_no_location_is_refused_without_repeating_it(string text)
    {
        var error = Assert.Throws<StoreException>(() => S3Options.Parse(text));
        Assert.DoesNotContain("hidden", error.Message, StringComparison.Ordinal);
    }
}
