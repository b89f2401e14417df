using System.Text;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Check;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Maintenance;

/// <summary>Trees that would have no end, or repeat themselves: check, list and restore come to one.</summary>
public sealed class HostileTreeTests
{
    private const string File = """{"name":"f","type":"file","content":["ID"]}""";

    // A tree that really holds itself would break SHA-256; what can be forged is one under a name that is not its hash.
    private static async Task<(Repository Repository, ObjectId Tree)> CycleAsync()
    {
        var repository = await Sample.NewAsync();
        var id = ObjectId.Of("cycle"u8);
        var json = Encoding.UTF8.GetBytes($$"""{"nodes":[{"name":"d","type":"dir","subtree":"{{id}}"}]}""");
        var stored = new byte[json.Length + 32];
        repository.Cipher.Seal(json, stored);
        using var writer = new PackWriter(repository);
        writer.Append(stored, [new PackBlob(id, BlobType.Tree, 0, (uint)stored.Length, 0)]);
        await using (var packs = new Engine.Indexes.PackStore(repository, 1, TimeProvider.System, default))
        {
            packs.Enqueue(writer.Finish());
            await packs.FinishAsync(default);
        }
        await Hostile.StoreSnapshotAsync(repository, id);
        await repository.LoadIndexAsync(default);
        return (repository, id);
    }

    [Fact]
    public async Task A_tree_that_holds_itself_ends_a_check()
    {
        var (repository, _) = await CycleAsync();
        var findings = new List<CheckFinding>();
        var report = await Checker.RunAsync(repository, new CheckOptions { OnFinding = findings.Add }, default);
        Assert.False(report.IsSound);
        Assert.Contains(findings, finding => finding.Fault == CheckFault.TreeDamaged);
    }

    [Fact]
    public async Task A_tree_that_holds_itself_ends_a_listing()
    {
        var (repository, tree) = await CycleAsync();
        var walk = new TreeWalk(repository, tree, "/"u8.ToArray());
        Assert.Equal(TreeStep.Fault, await walk.NextAsync(default));
        Assert.Equal(RepositoryError.Damaged, Assert.IsType<RepositoryException>(walk.Fault).Error);
        Assert.Equal(TreeStep.End, await walk.NextAsync(default));
    }

    [Fact]
    public async Task A_tree_that_holds_itself_ends_a_restore()
    {
        var (repository, tree) = await CycleAsync();
        using var place = new TemporaryPlace();
        var faults = new List<RestoreFault>();
        var plan = new RestorePlan { Target = Encoding.UTF8.GetBytes(place.Make("target")), OnFault = faults.Add };
        await Restorer.RunAsync(repository, tree, plan, default);
        Assert.IsType<RepositoryException>(Assert.Single(faults).Cause);
    }

    private static byte[] Repeat(string node, int count)
    {
        var text = new StringBuilder("{\"nodes\":[");
        for (var i = 0; i < count; i++)
            text.Append(i == 0 ? "" : ",").Append(node);
        return Encoding.UTF8.GetBytes(text.Append("]}").ToString());
    }

    [Fact]
    public async Task A_million_entries_of_one_name_are_told_once_by_a_check_and_refused_by_a_strict_reader()
    {
        var repository = await Sample.NewAsync();
        var json = Repeat("""{"name":"f","type":"fifo"}""", 1_000_000);
        await Hostile.StoreTreeAsync(repository, json);
        var findings = new List<CheckFinding>();
        await Checker.RunAsync(repository, new CheckOptions { OnFinding = findings.Add }, default);
        Assert.Equal(CheckFault.TreeUnsorted, Assert.Single(findings).Fault);
        var reader = new TreeReader(json, "the tree", strict: true);
        var node = new Node();
        Assert.True(reader.Read(node));
        Assert.Throws<RepositoryException>(() => reader.Read(node));
    }

    [Fact]
    public async Task Entries_of_one_name_restore_to_one_file_of_whole_content()
    {
        var repository = await Sample.NewAsync();
        var content = "the content"u8.ToArray();
        var id = await Hostile.StoreBlobAsync(repository, BlobType.Data, content);
        var tree = await Hostile.StoreTreeAsync(
            repository,
            Repeat(File.Replace("ID", id.ToString(), StringComparison.Ordinal), 1000)
        );
        using var place = new TemporaryPlace();
        var target = place.Make("target");
        await Restorer.RunAsync(repository, tree, new RestorePlan { Target = Encoding.UTF8.GetBytes(target) }, default);
        Assert.Equal(content, await System.IO.File.ReadAllBytesAsync(Assert.Single(Directory.GetFiles(target))));
    }
}
