using System.Text.Json;
using NectarBackup.Stores.S3;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Programs;

public enum StoreKind
{
    Directory,
    S3,
}

/// <summary>A place for one repository, and a directory for a test's other files; every program that is run here works on that repository.</summary>
internal sealed class RepositoryPlace : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, string> _environment;

    private RepositoryPlace(string? location, IReadOnlyDictionary<string, string> credentials)
    {
        Location = location ?? _directory["repository"];
        File.WriteAllText(_directory["password"], "correct horse\n");
        _environment = new Dictionary<string, string>(credentials)
        {
            ["RESTIC_REPOSITORY"] = Location,
            ["RESTIC_PASSWORD_FILE"] = _directory["password"],
            ["RESTIC_CACHE_DIR"] = _directory["cache"],
            ["RESTIC_PROGRESS_FPS"] = "0.01",
            ["NECTAR_CACHE_DIR"] = _directory["nectar-cache"],
        };
    }

    /// <summary>As both programs take it.</summary>
    public string Location { get; }

    /// <summary>The bucket, if it is one.</summary>
    public S3Options? Bucket { get; private init; }

    /// <summary>Of the test's own directory.</summary>
    public string this[string relative] => _directory[relative];

    public static async Task<RepositoryPlace> NewAsync(StoreKind kind, CephGateway gateway)
    {
        if (kind == StoreKind.Directory)
            return new RepositoryPlace(null, new Dictionary<string, string>());
        var bucket = await gateway.NewBucketAsync("a/prefix");
        return new RepositoryPlace($"s3:{bucket.Endpoint}{bucket.Bucket}/{bucket.Prefix}", gateway.Environ)
        {
            Bucket = bucket,
        };
    }

    /// <summary>A repository in a directory of the caller's choice, or of the test's own.</summary>
    public static RepositoryPlace At(string? directory) => new(directory, new Dictionary<string, string>());

    public ProgramRun Start(BackupProgram program, params string[] arguments) =>
        ProgramRun.Start(program.File, arguments, _environment);

    public Task<ProgramResult> RunAsync(BackupProgram program, params string[] arguments) =>
        Start(program, arguments).WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Runs what has to succeed.</summary>
    public async Task<string> DoAsync(BackupProgram program, params string[] arguments) =>
        (await RunAsync(program, arguments)).Expect(0).Output;

    /// <summary>Backs up, and returns the summary.</summary>
    public async Task<BackupSummary> BackUpAsync(BackupProgram program, params string[] arguments)
    {
        var output = await DoAsync(program, ["backup", "--json", .. arguments]);
        using var json = JsonDocument.Parse(
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last(line => line.Contains("\"summary\""))
        );
        var summary = json.RootElement;
        return new BackupSummary(
            summary.GetProperty("snapshot_id").GetString()!,
            summary.GetProperty("data_blobs").GetInt64(),
            summary.GetProperty("data_added").GetInt64()
        );
    }

    /// <summary>The short ids of all snapshots in their order.</summary>
    public async Task<string[]> SnapshotsAsync(BackupProgram program)
    {
        using var json = JsonDocument.Parse(await DoAsync(program, "snapshots", "--json"));
        return [.. json.RootElement.EnumerateArray().Select(s => s.GetProperty("id").GetString()![..8])];
    }

    /// <summary>Restores the newest snapshot into a new directory, and compares what it has of a source directory with it.</summary>
    public async Task ExpectEqualRestoreAsync(BackupProgram program, string source, string snapshot = "latest")
    {
        var target = this[$"restored-{Guid.NewGuid():n}"];
        await DoAsync(program, "restore", snapshot, "--target", target);
        Assert.Equal(TreeFingerprint.Of(source), TreeFingerprint.Of(target + source));
        Directory.Delete(target, recursive: true);
    }

    /// <summary>The framework cannot delete names that are no UTF-8.</summary>
    public void Dispose()
    {
        ShellCommand.Run(_directory.Path, "rm -rf ./*");
        _directory.Dispose();
    }
}

/// <summary>Of a backup: the snapshot's id (restic 0.14 shortens it), how many new chunks, how many new bytes before compression.</summary>
internal sealed record BackupSummary(string Snapshot, long DataBlobs, long DataAdded);
