using System.Text;
using NectarBackup.Engine.Check;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Check;

public sealed class CheckerTests
{
    private static async Task<Repository> MakeAsync()
    {
        var repository = await Sample.NewAsync();
        await Sample.SnapshotAsync(
            repository,
            1,
            ("big", Sample.Noise(1, 3_000_000)),
            ("sub/text", Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("hello ", 5000)))),
            ("sub/zeros", new byte[1_000_000])
        );
        await Sample.SnapshotAsync(
            repository,
            2,
            ("big", Sample.Noise(1, 3_000_000)),
            ("other", Sample.Noise(2, 9000))
        );
        return repository;
    }

    private static async Task<(CheckReport Report, List<CheckFinding> Found)> RunAsync(
        Repository repository,
        PackSample? sample = null
    )
    {
        var found = new List<CheckFinding>();
        var report = await Checker.RunAsync(
            repository.Through(repository.Store),
            new CheckOptions { ReadData = sample ?? PackSample.All, OnFinding = found.Add },
            default
        );
        return (report, found);
    }

    [Fact]
    public async Task A_sound_repository_has_no_findings_and_all_of_it_is_read()
    {
        var repository = await MakeAsync();
        var (report, found) = await RunAsync(repository);
        Assert.Empty(found);
        Assert.True(report.IsSound);
        Assert.Equal(2, report.Snapshots);
        var packs = await Sample.ListAsync(repository.Store, ObjectKind.Pack);
        Assert.Equal(packs.Count, report.PacksRead);
        Assert.Equal(packs.Sum(p => p.Length), report.BytesRead);
        Assert.Equal(0, report.UnusedBlobs);
    }

    [Fact]
    public async Task Every_flipped_bit_of_a_pack_is_found()
    {
        var repository = await MakeAsync();
        var name = (await Sample.ListAsync(repository.Store, ObjectKind.Pack)).MinBy(p => p.Length).Name;
        var bytes = await Sample.ReadAsync(repository.Store, name);
        for (var at = 0; at < bytes.Length; at += Math.Max(1, bytes.Length / 60))
        {
            bytes[at] ^= 4;
            await Sample.ReplaceAsync(repository.Store, name, bytes);
            bytes[at] ^= 4;
            var (report, found) = await RunAsync(repository);
            Assert.False(report.IsSound);
            Assert.Contains(found, f => f.Object == name || f.Fault == CheckFault.TreeDamaged);
        }
    }

    [Fact]
    public async Task A_missing_pack_names_the_snapshots_and_files_that_need_it()
    {
        var repository = await MakeAsync();
        var other = await FindFileAsync(repository, "other");
        Assert.True(repository.Index.TryFind(BlobType.Data, other, out var place));
        await repository.Store.DeleteAsync(new ObjectName(ObjectKind.Pack, place.Pack), default);
        var (report, found) = await RunAsync(repository, PackSample.None);
        Assert.Contains(found, f => f.Fault == CheckFault.PackMissing && f.Object!.Value.Id == place.Pack);
        Assert.Equal("/other", Assert.Single(Assert.Single(report.Damage).Paths));
    }

    private static async Task<ObjectId> FindFileAsync(Repository repository, string name)
    {
        await repository.LoadIndexAsync(default);
        foreach (var snapshot in await Engine.Snapshots.SnapshotFiles.LoadAllAsync(repository, default))
        {
            var json = await repository.Blobs.LoadAsync(BlobType.Tree, snapshot.Tree, default);
            using var document = System.Text.Json.JsonDocument.Parse(json);
            foreach (var node in document.RootElement.GetProperty("nodes").EnumerateArray())
                if (node.GetProperty("name").GetString() == name)
                    return ObjectId.Parse(node.GetProperty("content")[0].GetString()!);
        }
        throw new InvalidOperationException(name);
    }

    [Fact]
    public async Task Damaged_data_hits_only_the_files_that_hold_it()
    {
        var repository = await MakeAsync();
        var id = await FindFileAsync(repository, "big");
        Assert.True(repository.Index.TryFind(BlobType.Data, id, out var place));
        var name = new ObjectName(ObjectKind.Pack, place.Pack);
        var bytes = await Sample.ReadAsync(repository.Store, name);
        bytes[place.Blob.Offset + 20] ^= 1;
        await Sample.ReplaceAsync(repository.Store, name, bytes);
        var (report, found) = await RunAsync(repository);
        var fault = Assert.Single(found);
        Assert.Equal((CheckFault.BlobDamaged, name), (fault.Fault, fault.Object!.Value));
        Assert.Equal(2, report.Damage.Count);
        Assert.All(report.Damage, d => Assert.Equal("/big", Assert.Single(d.Paths)));
        Assert.True((await RunAsync(repository, PackSample.None)).Report.IsSound);
    }

    [Fact]
    public async Task An_orphan_pack_is_only_a_warning()
    {
        var repository = await MakeAsync();
        foreach (var index in await Sample.ListAsync(repository.Store, ObjectKind.Index))
            await repository.Store.DeleteAsync(index.Name, default);
        foreach (var snapshot in await Sample.ListAsync(repository.Store, ObjectKind.Snapshot))
            await repository.Store.DeleteAsync(snapshot.Name, default);
        var (report, found) = await RunAsync(repository);
        Assert.True(report.IsSound);
        Assert.NotEmpty(found);
        Assert.All(found, f => Assert.Equal(CheckFault.PackNotIndexed, f.Fault));
    }

    [Theory]
    [InlineData("""{"nodes":[{"name":"a","type":"file","content":null}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"a","type":"dir","content":null}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"..","type":"file","content":[]}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"a/b","type":"file","content":[]}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"a\\x00","type":"file","content":[]}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"","type":"file","content":[]}]}""", CheckFault.NodeInvalid)]
    [InlineData("""{"nodes":[{"name":"a","type":"new","content":null}]}""", CheckFault.NodeInvalid)]
    [InlineData(
        """{"nodes":[{"name":"b","type":"file","content":[]},{"name":"a","type":"file","content":[]}]}""",
        CheckFault.TreeUnsorted
    )]
    [InlineData("""{"nodes":[{"name":"a","type":"file","content":["12"]}]}""", CheckFault.TreeDamaged)]
    [InlineData("""{"nodes":[{"name":"a","type":"fifo","content":null}]""", CheckFault.TreeDamaged)]
    [InlineData("""{"nodes":{}}""", CheckFault.TreeDamaged)]
    [InlineData("[]", CheckFault.TreeDamaged)]
    [InlineData(
        """{"nodes":[{"name":"a","type":"file","content":["0123456789012345678901234567890123456789012345678901234567890123"]}]}""",
        CheckFault.ContentMissing
    )]
    [InlineData(
        """{"nodes":[{"name":"a","type":"dir","content":null,"subtree":"0123456789012345678901234567890123456789012345678901234567890123"}]}""",
        CheckFault.TreeDamaged
    )]
    public async Task Invalid_trees_are_found(string json, CheckFault expected)
    {
        var repository = await Sample.NewAsync();
        await Hostile.StoreTreeAsync(repository, Encoding.UTF8.GetBytes(json + "\n"));
        var (_, found) = await RunAsync(repository);
        Assert.Equal(expected, Assert.Single(found).Fault);
    }

    [Theory]
    [InlineData("1/4", 0)]
    [InlineData("4/4", 3)]
    public void A_part_is_chosen_by_the_first_byte(string part, int rest)
    {
        var n = int.Parse(part[..1]);
        var packs = Enumerable
            .Range(0, 256)
            .Select(i => (ObjectId.Parse($"{i:x2}" + new string('0', 62)), 1L))
            .ToList();
        var chosen = PackSample.Part(n, 4).Choose(packs);
        Assert.Equal(64, chosen.Count);
        Assert.All(chosen, id => Assert.Equal(rest, id.First % 4));
    }

    [Fact]
    public void A_sample_has_at_least_one_pack()
    {
        var packs = Enumerable.Range(0, 10).Select(i => (ObjectId.Of([(byte)i]), 100L)).ToList();
        Assert.Single(PackSample.Percent(0.1).Choose(packs));
        Assert.Equal(5, PackSample.Percent(50).Choose(packs).Count);
        Assert.Equal(3, PackSample.Size(300).Choose(packs).Count);
        Assert.Equal(10, PackSample.Size(5000).Choose(packs).Count);
        Assert.Throws<RepositoryException>(() => PackSample.Part(3, 2));
        Assert.Throws<RepositoryException>(() => PackSample.Percent(101));
    }
}
