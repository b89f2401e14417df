using System.Text;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Restore;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Restore;

/// <summary>Repositories and targets that try to make a restore write outside its target.</summary>
public sealed class HostileTreeTests
{
    private static readonly byte[] s_secret = "planted"u8.ToArray();

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("../escaped")]
    [InlineData("/tmp/escaped")]
    [InlineData("a/b")]
    [InlineData("a\\\\x00b")]
    public async Task a_name_that_leads_elsewhere_is_told_and_passed_over(string name)
    {
        await using var bench = await RestoreBench.StartAsync();
        var content = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, s_secret);
        var inner = await ForgedTree.StoreTreeAsync(bench.Repository, ForgedTree.File("inner", content));
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.File(name, content),
            ForgedTree.File("good", content)
        );
        var directories = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.Directory(name, inner),
            ForgedTree.Directory("good2", inner)
        );
        await bench.RestoreAsync(tree);
        await bench.RestoreAsync(directories);
        Assert.Equal(2, bench.Faults.Count);
        Assert.All(bench.Faults, fault => Assert.Equal("tree", fault.During));
        Assert.Equal("./good\n./good2\n./good2/inner\n", ShellCommand.Run(bench.Target, "find . -mindepth 1 | sort"));
        Assert.Equal("", ShellCommand.Run(Path.GetDirectoryName(bench.Target)!, "find . -name escaped -o -name b"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task a_link_planted_where_a_directory_or_file_goes_is_replaced_and_not_followed(bool delete)
    {
        await using var bench = await RestoreBench.StartAsync();
        var content = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, s_secret);
        var inner = await ForgedTree.StoreTreeAsync(bench.Repository, ForgedTree.File("f", content));
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.Directory("d", inner),
            ForgedTree.File("e", content)
        );
        ShellCommand.Run(
            bench.Target,
            "mkdir ../outside; echo mine > ../outside/f; ln -s ../outside d; ln -s ../outside/f e"
        );
        await bench.RestoreAsync(tree, bench.Plan with { Delete = delete });
        Assert.Empty(bench.Faults);
        Assert.Equal("mine\n", ShellCommand.Run(bench.Target, "cat ../outside/f"));
        Assert.Equal(
            "directory regular file regular file ",
            ShellCommand.Run(bench.Target, "stat -c %F d d/f e | tr '\\n' ' '")
        );
    }

    [Fact]
    public async Task a_link_of_the_snapshot_is_not_followed_by_what_comes_after_it()
    {
        await using var bench = await RestoreBench.StartAsync();
        var content = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, s_secret);
        var inner = await ForgedTree.StoreTreeAsync(bench.Repository, ForgedTree.File("f", content));
        ShellCommand.Run(bench.Target, "mkdir ../outside");
        // The same name twice, first as a link that leads out.
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.Link("d", "../outside"),
            ForgedTree.Directory("d", inner)
        );
        await bench.RestoreAsync(tree);
        Assert.Equal("", ShellCommand.Run(bench.Target, "ls ../outside"));
    }

    [Fact]
    public async Task links_planted_while_it_runs_lead_nowhere()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "for i in $(seq 40); do mkdir -p d/$i; for f in $(seq 20); do echo $i > d/$i/$f; done; done"
        );
        var tree = await bench.BackUpAsync();
        ShellCommand.Run(bench.Target, "mkdir ../outside");
        using var stop = new CancellationTokenSource();
        // Swaps directories for links to the outside as fast as it can.
        var racer = Task.Run(
            () =>
            {
                var outside = Path.Combine(Path.GetDirectoryName(bench.Target)!, "outside");
                for (var i = 0; !stop.IsCancellationRequested; i = (i + 1) % 40)
                {
                    var at = Path.Combine(bench.Target, "d", $"{i + 1}");
                    try
                    {
                        Directory.Move(at, $"{at}-moved-{Guid.NewGuid():n}");
                        Directory.CreateSymbolicLink(at, outside);
                    }
                    catch (IOException) { }
                }
            },
            TestContext.Current.CancellationToken
        );
        for (var i = 0; i < 3; i++)
            await bench.RestoreAsync(tree);
        await stop.CancelAsync();
        await racer;
        Assert.Equal("", ShellCommand.Run(bench.Target, "ls ../outside"));
    }

    [Fact]
    public async Task a_tree_nested_many_levels_deep_does_not_break_the_process()
    {
        await using var bench = await RestoreBench.StartAsync();
        var tree = await ForgedTree.StoreTreeAsync(bench.Repository);
        for (var i = 0; i < 300; i++)
            tree = await ForgedTree.StoreTreeAsync(bench.Repository, ForgedTree.Directory("d", tree));
        var progress = await bench.RestoreAsync(tree);
        Assert.Equal(300, progress.Directories + bench.Faults.Count);
    }

    [Fact]
    public async Task a_directory_without_a_tree_and_one_with_a_missing_tree_are_told()
    {
        await using var bench = await RestoreBench.StartAsync();
        var content = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, s_secret);
        var missing = ObjectId.Of(Encoding.UTF8.GetBytes("nowhere"));
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            $"{{\"name\":\"a\",\"type\":\"dir\",{ForgedTree.Times},\"content\":null}}",
            ForgedTree.Directory("b", missing),
            ForgedTree.File("c", content)
        );
        await bench.RestoreAsync(tree);
        Assert.Equal(["/a", "/b"], bench.Faults.Select(fault => Encoding.UTF8.GetString(fault.Path)).Order());
        Assert.Equal("a b c ", ShellCommand.Run(bench.Target, "ls | tr '\\n' ' '"));
        Assert.Contains(bench.Actions, entry => entry is { Path: "/c", Action: RestoreAction.Restored });
    }
}
