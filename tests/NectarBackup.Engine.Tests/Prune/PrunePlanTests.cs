using NectarBackup.Engine.Check;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Prune;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Prune;

public sealed class PrunePlanTests
{
    /// <summary>Two packs of data half used, packs of trees unused, one blob stored twice, one pack that no index names.</summary>
    private static async Task<Repository> MakeAsync()
    {
        var repository = await Sample.NewAsync();
        byte[] a = Sample.Noise(1, 60_000),
            b = Sample.Noise(2, 60_000),
            c = Sample.Noise(3, 60_000),
            d = Sample.Noise(4, 60_000);
        var first = await Sample.SnapshotAsync(repository, 1, ("a", a), ("sub/b", b));
        await Sample.SnapshotAsync(repository, 2, ("a", a));
        var third = await Sample.SnapshotAsync(repository, 3, ("c", c), ("sub/d", d));
        await Sample.SnapshotAsync(repository, 4, ("sub/d", d));
        await Hostile.StoreBlobAsync(repository, BlobType.Data, a);
        foreach (var id in new[] { first, third })
            await repository.Store.DeleteAsync(new ObjectName(ObjectKind.Snapshot, id), default);
        using var writer = new PackWriter(repository);
        writer.Append(Sample.Noise(9, 500), [new PackBlob(ObjectId.Of([9]), BlobType.Data, 0, 500, 0)]);
        var orphan = writer.Finish();
        await repository.Store.PutAsync(
            new ObjectName(ObjectKind.Pack, orphan.Id),
            ObjectContent.OfSpoolFile(orphan.SpoolPath, orphan.Length),
            default
        );
        return repository;
    }

    private static async Task<CheckReport> CheckAsync(Repository repository, bool isClean)
    {
        var found = new List<string>();
        var report = await Checker.RunAsync(
            repository,
            new CheckOptions
            {
                ReadData = PackSample.All,
                Workers = 1,
                OnFinding = f =>
                {
                    if (isClean || !f.IsWarning)
                        found.Add(f.Message);
                },
            },
            default
        );
        Assert.Empty(found);
        return report;
    }

    private static Task RunAsync(PrunePlan plan) => plan.ExecuteUntilAsync(null, default, default);

    private static async Task<PrunePlan> PlanAsync(Repository repository, PruneOptions? options = null) =>
        await PrunePlan.MakeAsync(repository, options ?? new PruneOptions { Workers = 1 }, default);

    [Fact]
    public async Task Prune_removes_all_waste_and_nothing_else()
    {
        var repository = await MakeAsync();
        var before = await Sample.ContentsAsync(repository);
        var plan = await PlanAsync(repository, new PruneOptions { MaxUnused = UnusedLimit.Bytes(0) });
        Assert.Equal(1, plan.Statistics.PacksUnindexed);
        Assert.Equal(1, plan.Statistics.Duplicate.Blobs);
        Assert.NotEmpty(plan.PacksToRepack);
        await RunAsync(plan);

        Assert.Equal(before, await Sample.ContentsAsync(repository));
        Assert.Equal(0, (await CheckAsync(repository, isClean: true)).UnusedBlobs);
        var packs = await Sample.ListAsync(repository.Store, ObjectKind.Pack);
        var overhead = packs.Count * 36;
        Assert.Equal(plan.Statistics.Remaining.Bytes + overhead, packs.Sum(static p => p.Length));
        Assert.Equal(plan.Statistics.Used.Bytes, plan.Statistics.Remaining.Bytes);
        Assert.True((await PlanAsync(repository)).IsEmpty);
    }

    [Fact]
    public async Task A_plan_changes_nothing()
    {
        var repository = await MakeAsync();
        var before = ((MemoryStore)repository.Store).TotalBytes;
        await PlanAsync(repository);
        Assert.Equal(before, ((MemoryStore)repository.Store).TotalBytes);
    }

    [Fact]
    public async Task With_unlimited_waste_only_whole_packs_go()
    {
        var repository = await MakeAsync();
        var before = await Sample.ContentsAsync(repository);
        var plan = await PlanAsync(
            repository,
            new PruneOptions { MaxUnused = UnusedLimit.Unlimited, MaxRepackBytes = 0 }
        );
        Assert.Empty(plan.PacksToRepack);
        Assert.NotEmpty(plan.PacksToDelete);
        await RunAsync(plan);
        Assert.Equal(before, await Sample.ContentsAsync(repository));
        await CheckAsync(repository, isClean: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_at_any_call_leaves_a_sound_repository_that_the_next_prune_finishes(bool isDone)
    {
        var origin = await MakeAsync();
        var before = await Sample.ContentsAsync(origin);
        for (var crashAt = 1; ; crashAt++)
        {
            var store = await Sample.CloneAsync(origin.Store);
            var crashing = new CrashingStore(store, crashAt, isDone);
            var hasCrashed = false;
            try
            {
                await RunAsync(await PlanAsync(origin.Through(crashing)));
            }
            catch (StoreException)
            {
                hasCrashed = true;
            }
            Assert.Equal(crashing.Calls >= crashAt, hasCrashed);
            var survivor = origin.Through(store);
            await CheckAsync(survivor, isClean: false);
            await RunAsync(await PlanAsync(survivor));
            Assert.Equal(before, await Sample.ContentsAsync(survivor));
            Assert.Equal(0, (await CheckAsync(survivor, isClean: true)).UnusedBlobs);
            if (!hasCrashed)
            {
                Assert.True(crashAt > 30);
                return;
            }
        }
    }

    [Fact]
    public async Task What_an_interrupted_prune_has_copied_is_not_copied_again()
    {
        var repository = await MakeAsync();
        var packs = await Sample.ListAsync(repository.Store, ObjectKind.Pack);
        var plan = await PlanAsync(repository);
        // Stopped when the new packs are stored and indexed, and nothing is deleted.
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            plan.ExecuteUntilAsync(
                (step, _, _) =>
                {
                    if (step == PruneStep.ReplaceIndexes)
                        throw new InvalidOperationException();
                },
                default,
                default
            )
        );
        foreach (var old in packs)
            Assert.Equal(
                plan.PacksToDelete.Take(1).Contains(old.Name.Id),
                await repository.Store.FindLengthAsync(old.Name, default) is null
            );
        var again = await PlanAsync(repository);
        Assert.Empty(again.PacksToRepack);
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("index")]
    [InlineData("missing pack")]
    [InlineData("short pack")]
    [InlineData("tree")]
    public async Task Any_doubt_ends_the_plan(string damage)
    {
        var repository = await MakeAsync();
        var before = await Sample.ContentsAsync(repository);
        Assert.NotEmpty(before);
        await repository.LoadIndexAsync(default);
        var store = repository.Store;
        var snapshot = (await Engine.Snapshots.SnapshotFiles.LoadAllAsync(repository, default))[0];
        Assert.True(repository.Index.TryFind(BlobType.Tree, snapshot.Tree, out var place));
        var pack = new ObjectName(ObjectKind.Pack, place.Pack);
        var bytes = await Sample.ReadAsync(store, pack);
        switch (damage)
        {
            case "missing pack":
                await store.DeleteAsync(pack, default);
                break;
            case "short pack":
                await Sample.ReplaceAsync(store, pack, bytes[..^1]);
                break;
            case "tree":
                bytes[place.Blob.Offset + 17] ^= 1;
                await Sample.ReplaceAsync(store, pack, bytes);
                break;
            default:
                var kind = damage == "index" ? ObjectKind.Index : ObjectKind.Snapshot;
                var name = (await Sample.ListAsync(store, kind))[0].Name;
                await Sample.ReplaceAsync(store, name, [.. (await Sample.ReadAsync(store, name))[..^1], 0]);
                break;
        }
        var error = await Assert.ThrowsAnyAsync<Exception>(() => PlanAsync(repository.Through(store)));
        Assert.True(error is RepositoryException { Error: RepositoryError.Damaged } or StoreException, $"{error}");
    }

    [Fact]
    public async Task Damaged_data_that_has_to_be_copied_stops_the_prune_before_anything_in_use_is_deleted()
    {
        var repository = await MakeAsync();
        var plan = await PlanAsync(repository);
        var data = plan.PacksToRepack.Select(id => new ObjectName(ObjectKind.Pack, id)).ToList();
        foreach (var name in data)
        {
            var bytes = await Sample.ReadAsync(repository.Store, name);
            for (var i = 20; i < bytes.Length - 1000; i += 1000)
                bytes[i] ^= 1;
            await Sample.ReplaceAsync(repository.Store, name, bytes);
        }
        var error = await Assert.ThrowsAsync<RepositoryException>(() => RunAsync(plan));
        Assert.Equal(RepositoryError.Damaged, error.Error);
        foreach (var name in data)
            Assert.NotNull(await repository.Store.FindLengthAsync(name, default));
    }

    [Fact]
    public async Task A_lost_lock_stops_it()
    {
        var repository = await MakeAsync();
        var plan = await PlanAsync(repository);
        var before = ((MemoryStore)repository.Store).TotalBytes;
        var error = await Assert.ThrowsAsync<RepositoryException>(() =>
            plan.ExecuteUntilAsync(null, new CancellationToken(canceled: true), default)
        );
        Assert.Equal(RepositoryError.Locked, error.Error);
        Assert.Equal(before, ((MemoryStore)repository.Store).TotalBytes);
    }

    [Fact]
    public async Task Many_small_packs_and_indexes_are_merged()
    {
        var repository = await Sample.NewAsync();
        for (var i = 0; i < 11; i++)
            await Sample.SnapshotAsync(repository, i, ("f", Sample.Noise(i, 5000)));
        var before = await Sample.ContentsAsync(repository);
        await RunAsync(await PlanAsync(repository));
        Assert.Equal(before, await Sample.ContentsAsync(repository));
        Assert.Equal(2, (await Sample.ListAsync(repository.Store, ObjectKind.Pack)).Count);
        Assert.InRange((await Sample.ListAsync(repository.Store, ObjectKind.Index)).Count, 1, 2);
        await CheckAsync(repository, isClean: true);
    }
}
