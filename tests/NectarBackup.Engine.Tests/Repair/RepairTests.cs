using NectarBackup.Engine.Check;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Repair;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Repair;

public sealed class RepairTests
{
    private static async Task<Repository> MakeAsync()
    {
        var repository = await Sample.NewAsync();
        await Sample.SnapshotAsync(
            repository,
            1,
            ("a", Sample.Noise(1, 2_500_000)),
            ("sub/b", Sample.Noise(2, 50_000)),
            ("sub/c", [1, 2, 3])
        );
        await Sample.SnapshotAsync(repository, 2, ("d", Sample.Noise(4, 70_000)));
        return repository;
    }

    private static async Task<List<CheckFinding>> CheckAsync(Repository repository)
    {
        var found = new List<CheckFinding>();
        var options = new CheckOptions { ReadData = PackSample.All, OnFinding = found.Add };
        await Checker.RunAsync(repository.Through(repository.Store), options, default);
        return found;
    }

    private static async Task RepairIndexAsync(Repository repository, bool readAll = false) =>
        Assert.Empty(await (await IndexRepairPlan.MakeAsync(repository, readAll, default)).ExecuteAsync(default));

    private static async Task<ObjectName> PackOfAsync(Repository repository, string tree)
    {
        await repository.LoadIndexAsync(default);
        foreach (var pack in await Sample.ListAsync(repository.Store, ObjectKind.Pack))
        {
            var blobs = await PackReader.ReadHeaderAsync(repository, pack.Name.Id, pack.Length, default);
            if ((blobs[0].Type == BlobType.Tree) == (tree == "tree") && (tree != "big" || pack.Length > 2_000_000))
                return pack.Name;
        }
        throw new InvalidOperationException(tree);
    }

    [Theory]
    [InlineData("delete all")]
    [InlineData("delete one")]
    [InlineData("flip one")]
    [InlineData("nothing, read all")]
    public async Task A_lost_index_is_made_again_from_the_packs(string damage)
    {
        var repository = await MakeAsync();
        var before = await Sample.ContentsAsync(repository);
        foreach (var index in await Sample.ListAsync(repository.Store, ObjectKind.Index))
        {
            if (damage.StartsWith("delete", StringComparison.Ordinal))
                await repository.Store.DeleteAsync(index.Name, default);
            else if (damage == "flip one")
                await Sample.ReplaceAsync(repository.Store, index.Name, Sample.Noise(1, (int)index.Length));
            if (damage.EndsWith("one", StringComparison.Ordinal))
                break;
        }
        await RepairIndexAsync(repository, damage.EndsWith("all", StringComparison.Ordinal));
        Assert.Equal(before, await Sample.ContentsAsync(repository));
        Assert.Empty(await CheckAsync(repository));
        Assert.True((await IndexRepairPlan.MakeAsync(repository, false, default)).IsEmpty);
    }

    [Fact]
    public async Task A_damaged_pack_loses_only_the_blob_that_is_damaged()
    {
        var repository = await MakeAsync();
        var name = await PackOfAsync(repository, "big");
        var bytes = await Sample.ReadAsync(repository.Store, name);
        bytes[^1000] ^= 1;
        await Sample.ReplaceAsync(repository.Store, name, bytes);
        Assert.NotEmpty(await CheckAsync(repository));
        var held = repository.Index.Locations().Count(l => l.Pack == name.Id);
        Assert.True(held > 2);

        var report = await PackRepair.RunAsync(
            repository,
            new HashSet<ObjectId> { name.Id },
            TimeProvider.System,
            default(CancellationToken)
        );
        var salvage = Assert.Single(report);
        Assert.Equal(held - 1, salvage.Saved);
        Assert.Single(salvage.Lost);
        Assert.Null(await repository.Store.FindLengthAsync(name, default));
        await RepairSnapshotsAsync(repository, 1);
        Assert.Empty(await CheckAsync(repository));
    }

    [Theory]
    [InlineData("header")]
    [InlineData("cut")]
    [InlineData("missing")]
    public async Task What_is_left_of_a_pack_is_saved(string damage)
    {
        var repository = await MakeAsync();
        var name = await PackOfAsync(repository, "big");
        var bytes = await Sample.ReadAsync(repository.Store, name);
        if (damage == "missing")
            await repository.Store.DeleteAsync(name, default);
        else
            await Sample.ReplaceAsync(
                repository.Store,
                name,
                damage == "cut" ? bytes[..(bytes.Length / 10 * 9)] : [.. bytes[..^20], .. new byte[20]]
            );
        var report = await PackRepair.RunAsync(
            repository,
            new HashSet<ObjectId> { name.Id },
            TimeProvider.System,
            default(CancellationToken)
        );
        Assert.Equal(damage == "header", report[0].Lost.Count == 0);
        Assert.Equal(damage == "missing", report[0].Saved == 0);
        await RepairSnapshotsAsync(repository, damage == "header" ? 0 : 1);
        Assert.Empty(await CheckAsync(repository));
    }

    private static async Task RepairSnapshotsAsync(Repository repository, int expected)
    {
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await repository.LoadIndexAsync(default);
        var plan = await SnapshotRepairPlan.MakeAsync(repository, snapshots, default);
        Assert.Equal(expected, plan.Damaged.Count);
        if (expected == 0)
            return;
        var done = await plan.ExecuteAsync(forget: true, TimeProvider.System, default(CancellationToken));
        foreach (var (old, copy) in done)
        {
            var repaired = await SnapshotFiles.LoadAsync(repository, copy!.Value, default);
            Assert.Equal(old, repaired.Original);
            Assert.True(repaired.Unknown!.ContainsKey("future"));
            Assert.Null(await repository.Store.FindLengthAsync(new ObjectName(ObjectKind.Snapshot, old), default));
        }
    }

    [Fact]
    public async Task A_lost_directory_becomes_an_empty_one_and_the_rest_stays()
    {
        var repository = await MakeAsync();
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await repository.LoadIndexAsync(default);
        var json = await repository.Blobs.LoadAsync(BlobType.Tree, snapshots[0].Tree, default);
        var subtree = System
            .Text.Json.JsonDocument.Parse(json)
            .RootElement.GetProperty("nodes")[1]
            .GetProperty("subtree")
            .GetString()!;
        Assert.True(repository.Index.TryFind(BlobType.Tree, ObjectId.Parse(subtree), out var place));
        var name = new ObjectName(ObjectKind.Pack, place.Pack);
        var bytes = await Sample.ReadAsync(repository.Store, name);
        bytes[place.Blob.Offset + 20] ^= 1;
        await Sample.ReplaceAsync(repository.Store, name, bytes);

        repository = repository.Through(repository.Store);
        await repository.LoadIndexAsync(default);
        var plan = await SnapshotRepairPlan.MakeAsync(repository, snapshots, default);
        Assert.Equal(["/sub/"], Assert.Single(plan.Damaged).Losses);
        var before = await Sample.ListAsync(repository.Store, ObjectKind.Snapshot);
        var done = await plan.ExecuteAsync(forget: false, TimeProvider.System, default(CancellationToken));
        Assert.Equal(before.Count + 1, (await Sample.ListAsync(repository.Store, ObjectKind.Snapshot)).Count);

        var repaired = await SnapshotFiles.LoadAsync(repository, done[0].New!.Value, default);
        await repository.LoadIndexAsync(default);
        using var root = System.Text.Json.JsonDocument.Parse(
            await repository.Blobs.LoadAsync(BlobType.Tree, repaired.Tree, default)
        );
        var nodes = root.RootElement.GetProperty("nodes");
        Assert.Equal(Trees_Empty, nodes[1].GetProperty("subtree").GetString());
        Assert.StartsWith("repaired", nodes[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, nodes.GetArrayLength());
    }

    private static string Trees_Empty => Engine.Trees.EmptyTree.Id.ToString();
}
