using System.Security.Cryptography;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Failures;

/// <summary>A repository on a file system of a few MiB in memory; mounting it takes root, as the test machines have.</summary>
public sealed class FullDiskBackupTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public FullDiskBackupTests()
    {
        Directory.CreateDirectory(_directory["disk"]);
        ShellCommand.Run(_directory.Path, "mount -t tmpfs -o size=6m tmpfs disk");
    }

    public void Dispose()
    {
        ShellCommand.Run(_directory.Path, "umount disk");
        _directory.Dispose();
    }

    [Fact]
    public async Task A_full_disk_ends_the_backup_and_once_there_is_space_the_next_one_succeeds()
    {
        var nectar = BackupProgram.Nectar;
        using var place = RepositoryPlace.At(_directory["disk/repository"]);
        Directory.CreateDirectory(place["source"]);
        PlainTree.WriteNoise(place["source/first"], seed: 1, length: 1_000_000);
        await place.DoAsync(nectar, "init");
        await place.DoAsync(nectar, "backup", place["source"]);
        PlainTree.WriteNoise(place["source/second"], seed: 2, length: 20_000_000);

        var failed = (await place.RunAsync(nectar, "backup", place["source"])).Expect(1);
        Assert.Contains("no space", failed.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.Single(await place.SnapshotsAsync(nectar));
        ExpectWholeObjects(place.Location);
        await place.DoAsync(nectar, "check", "--read-data");
        await place.DoAsync(BackupProgram.NewestRestic, "check", "--read-data");

        ShellCommand.Run(_directory.Path, "mount -o remount,size=64m disk");
        await place.DoAsync(nectar, "backup", place["source"]);
        await place.DoAsync(BackupProgram.NewestRestic, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(nectar, place["source"]);
    }

    /// <summary>Every file but the config is named by its content's hash, and nothing lies about in between.</summary>
    private static void ExpectWholeObjects(string repository)
    {
        foreach (var file in Directory.EnumerateFiles(repository, "*", SearchOption.AllDirectories))
            if (Path.GetFileName(file) != "config")
                Assert.Equal(
                    Path.GetFileName(file),
                    Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)))
                );
    }
}
