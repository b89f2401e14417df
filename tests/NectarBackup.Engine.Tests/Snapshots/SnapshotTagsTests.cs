using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Snapshots;

public sealed class SnapshotTagsTests
{
    [Fact]
    public async Task Tags_change_the_id_and_the_first_id_is_remembered()
    {
        var repository = await Sample.NewAsync();
        var id = await Sample.SnapshotAsync(repository, 1, ("a", [1]));
        foreach (
            var (change, expected) in new (TagChange, string[])[]
            {
                (new TagChange(null, ["two", "one"], []), ["one", "two"]),
                (new TagChange(null, ["three"], ["one"]), ["two", "three"]),
                (new TagChange(["x"], [], []), ["x"]),
                (new TagChange([], [], []), []),
            }
        )
        {
            var all = await SnapshotFiles.LoadAllAsync(repository, default);
            Assert.Single(await SnapshotTags.ChangeAllAsync(repository, all, change, default));
            var after = Assert.Single(await SnapshotFiles.LoadAllAsync(repository, default));
            Assert.Equal(expected, after.Tags ?? []);
            Assert.Equal(id, after.Original);
            Assert.NotEqual(all[0].Id, after.Id);
            Assert.True(after.Unknown!.ContainsKey("future"));
            Assert.Equal(123456789, after.Time.Nanoseconds);
        }
        var same = new TagChange(null, [], ["absent"]);
        Assert.Empty(
            await SnapshotTags.ChangeAllAsync(
                repository,
                await SnapshotFiles.LoadAllAsync(repository, default),
                same,
                default
            )
        );
        Assert.Throws<RepositoryException>(() => new TagChange(["a"], ["b"], []).Validate());
        Assert.Throws<RepositoryException>(() => new TagChange(null, [], []).Validate());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_crash_leaves_the_snapshot_in_one_form_at_least(int crashAt)
    {
        var repository = await Sample.NewAsync();
        await Sample.SnapshotAsync(repository, 1, ("a", [1]));
        var all = await SnapshotFiles.LoadAllAsync(repository, default);
        var crashing = repository.Through(new CrashingStore(repository.Store, crashAt, isDone: false));
        await Assert.ThrowsAsync<StoreException>(() =>
            SnapshotTags.ChangeAllAsync(crashing, all, new TagChange(["n"], [], []), default)
        );
        Assert.Equal(crashAt, (await SnapshotFiles.LoadAllAsync(repository, default)).Count);
    }

    [Fact]
    public async Task Statistics_count_what_each_mode_asks_for()
    {
        var repository = await Sample.NewAsync();
        var noise = Sample.Noise(1, 5000);
        await Sample.SnapshotAsync(repository, 1, ("a", noise), ("sub/b", noise), ("sub/c", [1, 2, 3]));
        await Sample.SnapshotAsync(repository, 2, ("a", noise));
        var all = await SnapshotFiles.LoadAllAsync(repository, default);
        await repository.LoadIndexAsync(default);
        Task<SnapshotTotals> Count(StatisticsMode mode) =>
            SnapshotStatistics.CountAsync(repository, all, mode, default);
        Assert.Equal(new SnapshotTotals(2, 5, 0, 15_003, 15_003), await Count(StatisticsMode.RestoreSize));
        Assert.Equal(new SnapshotTotals(2, 2, 0, 5003, 5003), await Count(StatisticsMode.FilesByContents));
        Assert.Equal(new SnapshotTotals(2, 3, 3, 10_003, 10_003), await Count(StatisticsMode.BlobsPerFile));
        var raw = await Count(StatisticsMode.RawData);
        Assert.Equal(5, raw.Blobs);
        Assert.Equal(repository.Index.Locations().Sum(l => (long)l.Blob.Length), raw.Bytes);
    }
}
