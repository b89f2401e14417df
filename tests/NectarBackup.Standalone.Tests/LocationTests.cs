using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Tests;

public sealed class LocationTests
{
    public LocationTests()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "k");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "s");
    }

    private static CommandRun Run(params string[] args) =>
        new(NectarCommand.Build().Parse(["snapshots", .. args]), new Streams(), TimeProvider.System);

    [Theory]
    [InlineData("s3:http://127.0.0.1:9/bucket")]
    [InlineData("s3:https://host.example/bucket/some/prefix")]
    public async Task An_s3_location_opens_and_is_cached_where_asked(string location)
    {
        var run = Run("--cache-dir", "/nowhere/cache", "-o", "s3.region=eu", "-o", "s3.connections=3");
        await using var store = Location.Open(location, run);
        Assert.Contains("bucket", store.Location);
        Assert.IsType<CachingStore>(Location.Cache(run)!(store, ObjectId.Of("x"u8)));
        Assert.Null(Location.Cache(Run("--no-cache")));
        await using var limited = Location.Open(location, Run("--limit-upload", "5"));
        Assert.IsType<LimitedStore>(limited);
    }

    [Fact]
    public async Task A_directory_is_not_cached()
    {
        var run = Run();
        await using var store = Location.Open("some/where", run);
        Assert.Same(store, Location.Cache(run)!(store, ObjectId.Of("x"u8)));
    }

    [Theory]
    [InlineData("s3:")]
    [InlineData("s3:http://host.example")]
    [InlineData("s3:http://host.example/")]
    [InlineData("sftp:host:/x")]
    public async Task What_is_no_location_is_one_line(string location)
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var outcome = await nectar.RunAsync("-r", location, "snapshots");
        Assert.Equal(1, outcome.Code);
        Assert.Single(outcome.Errors.TrimEnd().Split('\n'));
        Assert.DoesNotContain("internal error", outcome.Errors);
    }

    [Fact]
    public async Task An_unknown_extended_option_is_refused()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var outcome = await nectar.RunAsync("-r", "s3:http://127.0.0.1:9/b", "-o", "s3.bogus=1", "snapshots");
        Assert.Equal(1, outcome.Code);
        Assert.Contains("s3.bogus", outcome.Errors);
    }
}
