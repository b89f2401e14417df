using NectarBackup.Engine.Check;
using NectarBackup.Engine.Copy;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Copy;

public sealed class SnapshotCopyTests
{
    private static async Task<CopyReport> CopyAsync(Repository source, Repository target)
    {
        var snapshots = await SnapshotFiles.LoadAllAsync(source, default);
        await source.LoadIndexAsync(default);
        await target.LoadIndexAsync(default);
        return await SnapshotCopy.RunAsync(source, target, snapshots, new CopyOptions(), default);
    }

    private static Task<Repository> OtherAsync() =>
        QuickRepository.InitAsync(new MemoryStore(), "y"u8.ToArray(), null, ("u", "h"), TimeProvider.System, default);

    [Fact]
    public async Task Snapshots_are_copied_once_under_the_other_key()
    {
        var source = await Sample.NewAsync();
        await Sample.SnapshotAsync(source, 1, ("a", Sample.Noise(1, 2_000_000)), ("sub/b", new byte[100_000]));
        await Sample.SnapshotAsync(source, 2, ("a", Sample.Noise(1, 2_000_000)));
        var target = await OtherAsync();

        var first = await CopyAsync(source, target);
        Assert.Equal((2, 0), (first.Copied, first.Skipped));
        Assert.Equal(await Sample.ContentsAsync(source), await Sample.ContentsAsync(target));
        var report = await Checker.RunAsync(target, new CheckOptions { ReadData = PackSample.All }, default);
        Assert.True(report.IsSound);
        Assert.Equal(0, report.Warnings);
        var originals = (await SnapshotFiles.LoadAllAsync(source, default)).Select(s => (ObjectId?)s.Id);
        Assert.Equal(originals, (await SnapshotFiles.LoadAllAsync(target, default)).Select(s => s.Original));

        var second = await CopyAsync(source, target);
        Assert.Equal(new CopyReport(0, 2, 0, 0), second);
        await Sample.SnapshotAsync(source, 3, ("a", Sample.Noise(1, 2_000_000)), ("n", [1, 2]));
        var third = await CopyAsync(source, target);
        Assert.Equal((1, 2, 2L), (third.Copied, third.Skipped, third.Blobs));
    }

    [Fact]
    public async Task Damage_in_the_source_is_not_copied()
    {
        var source = await Sample.NewAsync();
        await Sample.SnapshotAsync(source, 1, ("a", Sample.Noise(1, 200_000)));
        var pack = (await Sample.ListAsync(source.Store, ObjectKind.Pack)).MaxBy(p => p.Length).Name;
        var bytes = await Sample.ReadAsync(source.Store, pack);
        bytes[5000] ^= 1;
        await Sample.ReplaceAsync(source.Store, pack, bytes);
        var target = await OtherAsync();
        var error = await Assert.ThrowsAsync<RepositoryException>(() => CopyAsync(source, target));
        Assert.Equal(RepositoryError.Damaged, error.Error);
        Assert.Empty(await Sample.ListAsync(target.Store, ObjectKind.Snapshot));
    }

    [Fact]
    public async Task A_repository_is_not_copied_into_itself()
    {
        var source = await Sample.NewAsync();
        var error = await Assert.ThrowsAsync<RepositoryException>(() => CopyAsync(source, source));
        Assert.Equal(RepositoryError.Refused, error.Error);
    }
}
