using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Failures;

/// <summary>What the program says of a repository that someone broke, and what it still gets out of it.</summary>
public sealed class DamageTests : IAsyncLifetime
{
    private readonly RepositoryPlace _place = RepositoryPlace.At(null);

    private static BackupProgram Nectar => BackupProgram.Nectar;

    private string Source => _place["source"];

    /// <summary>Two snapshots; the largest pack holds the noise and nothing else.</summary>
    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Source);
        File.WriteAllText(Path.Combine(Source, "small"), "small but dear");
        await _place.DoAsync(Nectar, "init");
        await _place.DoAsync(Nectar, "backup", Source);
        PlainTree.WriteNoise(Path.Combine(Source, "noise"), seed: 1, length: 3_000_000);
        await _place.DoAsync(Nectar, "backup", Source);
    }

    public ValueTask DisposeAsync()
    {
        _place.Dispose();
        return ValueTask.CompletedTask;
    }

    private string LargestOf(string kind) =>
        kind == "config"
            ? Path.Combine(_place.Location, kind)
            : Directory
                .EnumerateFiles(Path.Combine(_place.Location, kind), "*", SearchOption.AllDirectories)
                .OrderByDescending(file => new FileInfo(file).Length)
                .ThenBy(file => file)
                .First();

    /// <summary>What it is called in messages.</summary>
    private static string NameOf(string file) =>
        Path.GetFileName(file) is { Length: 64 } id ? id[..8] : Path.GetFileName(file);

    private static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 0x10;
        Replace(file, bytes);
    }

    private static void Replace(string file, byte[] bytes)
    {
        File.Delete(file);
        File.WriteAllBytes(file, bytes);
    }

    private static void Harm(string file, string harm)
    {
        if (harm == "flipped")
            Flip(file);
        else if (harm == "truncated")
            Replace(file, File.ReadAllBytes(file)[..^20]);
        else if (harm == "empty")
            Replace(file, []);
        else
            File.Delete(file);
    }

    [Theory]
    [InlineData("data", "flipped")]
    [InlineData("data", "truncated")]
    [InlineData("data", "empty")]
    [InlineData("data", "missing")]
    [InlineData("index", "flipped")]
    [InlineData("index", "truncated")]
    [InlineData("index", "empty")]
    [InlineData("snapshots", "flipped")]
    [InlineData("snapshots", "truncated")]
    [InlineData("snapshots", "empty")]
    [InlineData("keys", "flipped")]
    [InlineData("keys", "truncated")]
    [InlineData("keys", "empty")]
    [InlineData("config", "flipped")]
    [InlineData("config", "truncated")]
    [InlineData("config", "empty")]
    public async Task A_check_fails_and_names_what_is_broken(string kind, string harm)
    {
        var file = LargestOf(kind);
        Harm(file, harm);
        var result = (await _place.RunAsync(Nectar, "check", "--read-data")).Expect(1);
        Assert.Contains(NameOf(file), result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }

    [Theory, InlineData("flipped"), InlineData("truncated"), InlineData("missing")]
    public async Task Of_a_snapshot_with_a_broken_pack_all_other_files_are_restored(string harm)
    {
        Harm(LargestOf("data"), harm);
        var target = _place["target"];
        var result = (await _place.RunAsync(Nectar, "restore", "latest", "--target", target)).Expect(3);
        Assert.Contains("noise", result.Errors, StringComparison.Ordinal);
        Assert.Equal("small but dear", File.ReadAllText(target + Source + "/small"));
    }

    [Fact]
    public async Task A_broken_snapshot_does_not_hide_the_others()
    {
        var ids = await _place.SnapshotsAsync(Nectar);
        Flip(Directory.GetFiles(Path.Combine(_place.Location, "snapshots"), ids[1] + "*").Single());
        var result = await _place.RunAsync(Nectar, "snapshots", "--json");
        Assert.Contains(ids[0], result.Output, StringComparison.Ordinal);
        Assert.Contains(ids[1], result.Errors, StringComparison.Ordinal);
        var target = _place["target"];
        await _place.DoAsync(Nectar, "restore", ids[0], "--target", target);
        Assert.Equal("small but dear", File.ReadAllText(target + Source + "/small"));
    }

    [Fact]
    public async Task A_broken_index_is_named_before_anything_is_written()
    {
        var file = LargestOf("index");
        Flip(file);
        foreach (
            var words in new string[][] { ["backup", Source], ["prune"], ["restore", "latest", "-t", _place["t"]] }
        )
        {
            var result = (await _place.RunAsync(Nectar, words)).Expect(1);
            Assert.Contains(NameOf(file), result.Errors, StringComparison.Ordinal);
        }
        Assert.Equal(2, (await _place.SnapshotsAsync(Nectar)).Length);
    }

    [Fact]
    public async Task A_half_made_repository_is_none_and_is_not_built_upon()
    {
        File.Delete(Path.Combine(_place.Location, "config"));
        (await _place.RunAsync(Nectar, "snapshots")).Expect(10);
        (await _place.RunAsync(Nectar, "backup", Source)).Expect(10);
        var refused = (await _place.RunAsync(Nectar, "init")).Expect(1);
        Assert.Contains("has no config but holds", refused.Errors, StringComparison.Ordinal);
    }
}
