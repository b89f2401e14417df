using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>What goes over the wire, and what is made of odd answers.</summary>
public sealed class S3WireTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly S3Credentials Key = new("key", "secret");

    private static (ObjectName Name, byte[] Bytes) Pack(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return (new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes)), bytes);
    }

    private static S3Store Open(ScriptedServer server) => new(new S3Options(server.Address, "b", "p ö+(q)"), Key);

    private static Task Answer(System.Net.HttpListenerResponse response, int status, string code = "")
    {
        response.StatusCode = status;
        if (code.Length > 0)
            response.OutputStream.Write(
                System.Text.Encoding.UTF8.GetBytes($"<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>")
            );
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_put_is_one_request_that_declares_the_name_as_its_bodys_hash(bool spooled)
    {
        await using var server = new ScriptedServer((_, response) => Answer(response, 200));
        await using var store = Open(server);
        using var directory = new TemporaryDirectory();
        var (name, bytes) = Pack(700_000);
        File.WriteAllBytes(directory["spool"], [.. bytes, 1, 2, 3]);
        var content = spooled ? ObjectContent.OfSpoolFile(directory["spool"], bytes.Length) : ObjectContent.Of(bytes);

        await store.PutAsync(name, content, Cancellation);

        var put = Assert.Single(server.Requests);
        Assert.Equal("PUT", put.Method);
        Assert.Equal($"/b/p%20%C3%B6%2B%28q%29/{name.Path}", put.PathAndQuery);
        Assert.Equal(name.Id.ToString(), put.Headers["x-amz-content-sha256"]);
        Assert.Equal($"{bytes.Length}", put.Headers["Content-Length"]);
        Assert.Contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date,", put.Headers["Authorization"]);
        Assert.False(put.Headers.ContainsKey("Expect"));
        Assert.True(bytes.AsSpan().SequenceEqual(put.Body));
        Assert.Equal(spooled, !File.Exists(directory["spool"]));
    }

    [Theory]
    [InlineData(400, "InvalidArgument")]
    [InlineData(400, "InvalidRequest")]
    [InlineData(409, "ConditionalRequestConflict")]
    [InlineData(500, "InternalError")]
    public async Task A_config_that_is_refused_is_not_put_without_its_condition(int status, string code)
    {
        await using var server = new ScriptedServer(
            (request, response) => request.Method == "HEAD" ? Answer(response, 404) : Answer(response, status, code)
        );
        await using var store = Open(server);
        await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(ObjectName.Config, ObjectContent.Of(new byte[3]), Cancellation)
        );
        var put = Assert.Single(server.Requests, r => r.Method == "PUT");
        Assert.Equal("*", put.Headers["If-None-Match"]);
        Assert.Contains("SignedHeaders=host;if-none-match;", put.Headers["Authorization"]);
    }

    [Fact]
    public async Task A_server_without_conditions_gets_the_config_after_another_look()
    {
        await using var server = new ScriptedServer(
            (request, response) =>
                request.Method == "HEAD" ? Answer(response, 404)
                : request.Headers.ContainsKey("If-None-Match") ? Answer(response, 501, "NotImplemented")
                : Answer(response, 200)
        );
        await using var store = Open(server);
        await store.PutAsync(ObjectName.Config, ObjectContent.Of(new byte[3]), Cancellation);
        Assert.Equal(["HEAD", "PUT", "HEAD", "PUT"], server.Requests.Select(r => r.Method));
    }

    [Fact]
    public async Task A_missing_or_short_spool_file_is_told_for_good_and_nothing_is_sent()
    {
        await using var server = new ScriptedServer((_, response) => Answer(response, 200));
        await using var store = Open(server);
        using var directory = new TemporaryDirectory();
        var (name, bytes) = Pack(1000);
        foreach (var path in new[] { directory["none"], directory["no/such/place"] })
        {
            var gone = await Assert.ThrowsAsync<StoreException>(() =>
                store.PutAsync(name, ObjectContent.OfSpoolFile(path, 1000), Cancellation)
            );
            Assert.Equal(StoreFault.Permanent, gone.Fault);
        }
        File.WriteAllBytes(directory["short"], bytes[..999]);
        var cut = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(name, ObjectContent.OfSpoolFile(directory["short"], 1000), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, cut.Fault);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_proxy_that_ignores_the_range_is_an_error_and_no_wrong_bytes()
    {
        await using var server = new ScriptedServer(
            (_, response) =>
            {
                response.OutputStream.Write(new byte[5000]);
                return Task.CompletedTask;
            }
        );
        await using var store = Open(server);
        var (name, _) = Pack(5000);
        var destination = new byte[100];
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.ReadAsync(name, 1000, destination, Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, error.Fault);
        Assert.Contains("ignored the requested range", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_down_is_obeyed_and_then_it_succeeds()
    {
        var refusals = 3;
        await using var server = new ScriptedServer(
            (_, response) =>
                Interlocked.Decrement(ref refusals) >= 0 ? Answer(response, 503, "SlowDown") : Answer(response, 200)
        );
        List<StoreRetry> retries = [];
        var policy = RetryPolicy.Default with { FirstWait = TimeSpan.FromMilliseconds(1) };
        await using var store = new RetryingStore(Open(server), policy, retries.Add);
        var (name, bytes) = Pack(1000);
        await store.DeleteAsync(name, Cancellation);
        Assert.Equal(3, retries.Count);
        Assert.All(retries, r => Assert.Contains("SlowDown", r.Cause.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_that_stops_in_the_middle_is_given_up_after_the_time_limit()
    {
        using var end = new CancellationTokenSource();
        await using var server = new ScriptedServer(
            async (_, response) =>
            {
                response.StatusCode = 206;
                response.Headers["Content-Range"] = "bytes 0-999/1000";
                response.ContentLength64 = 1000;
                response.OutputStream.Write(new byte[300]);
                response.OutputStream.Flush();
                await Task.Delay(Timeout.Infinite, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        );
        var options = new S3Options(server.Address, "b", "") { StallTimeout = TimeSpan.FromMilliseconds(300) };
        await using var store = new S3Store(options, Key);
        var (name, _) = Pack(1000);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.ReadAsync(name, 0, new byte[1000], Cancellation)
        );
        Assert.Equal(StoreFault.Transient, error.Fault);
        Assert.Contains("time limit", error.Message, StringComparison.Ordinal);
        await end.CancelAsync();
    }
}
