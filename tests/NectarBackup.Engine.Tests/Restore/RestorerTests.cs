using NectarBackup.Engine.Restore;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Restore;

public sealed class RestorerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task a_tree_of_oddities_comes_back_as_it_was(bool sparse)
    {
        await using var bench = await RestoreBench.StartAsync();
        OddityTree.Create(bench.Source);
        var tree = await bench.BackUpAsync();
        var progress = await bench.RestoreAsync(tree, bench.Plan with { Sparse = sparse, Verify = true });
        Assert.Empty(bench.Faults);
        Assert.Equal(TreeFingerprint.Of(bench.Source), TreeFingerprint.Of(bench.Target));
        Assert.Equal(progress.TotalFiles, progress.Files);
        if (sparse)
            Assert.Equal("0\n", ShellCommand.Run(bench.Target, "stat -c %b holes/all"));
    }

    [Fact]
    public async Task restoring_again_writes_nothing()
    {
        await using var bench = await RestoreBench.StartAsync();
        OddityTree.Create(bench.Source);
        ShellCommand.Run(bench.Source, "rm -r links"); // links are made anew
        var tree = await bench.BackUpAsync();
        await bench.RestoreAsync(tree);
        bench.Actions.Clear();
        var again = await bench.RestoreAsync(tree, bench.Plan with { Progress = new RestoreProgress() });
        Assert.Empty(bench.Faults);
        Assert.Equal(0, again.BytesWritten);
        Assert.True(again.BytesKept > 0);
        Assert.DoesNotContain(RestoreAction.Restored, bench.Actions.Select(entry => entry.Action));
        Assert.Equal(TreeFingerprint.Of(bench.Source), TreeFingerprint.Of(bench.Target));
    }

    [Fact]
    public async Task only_the_wrong_parts_of_an_existing_file_are_written()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "head -c 20000000 /dev/urandom > large; touch -d @5 large; cp -p large longer; echo x > short"
        );
        var tree = await bench.BackUpAsync();
        ShellCommand.Run(
            bench.Target,
            "cp ../source/large ../source/longer ../source/short .; printf changed | dd of=large bs=1 seek=10000000 conv=notrunc status=none; echo more >> longer; : > short; stat -c %i large > ../inode"
        );
        var progress = await bench.RestoreAsync(tree);
        Assert.Empty(bench.Faults);
        Assert.Equal(TreeFingerprint.Of(bench.Source), TreeFingerprint.Of(bench.Target));
        Assert.InRange(progress.BytesWritten, 1, 8 << 20);
        ShellCommand.Run(bench.Target, "test $(stat -c %i large) = $(cat ../inode)");
    }

    [Fact]
    public async Task a_file_with_other_links_is_replaced_and_the_others_keep_their_content()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "echo new > a");
        var tree = await bench.BackUpAsync();
        ShellCommand.Run(bench.Target, "echo old > ../elsewhere; ln ../elsewhere a");
        await bench.RestoreAsync(tree);
        Assert.Equal("old\nnew\n", ShellCommand.Run(bench.Target, "cat ../elsewhere a"));
    }

    [Theory]
    [InlineData(OverwritePolicy.Always, "snap snap snap")]
    [InlineData(OverwritePolicy.IfChanged, "snap snap same")]
    [InlineData(OverwritePolicy.IfNewer, "snap here here")]
    [InlineData(OverwritePolicy.Never, "here here here")]
    public async Task the_policy_decides_about_existing_files(OverwritePolicy policy, string expected)
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "for f in a b c; do printf snap > $f; touch -d @1000 $f; done");
        var tree = await bench.BackUpAsync();
        ShellCommand.Run(
            bench.Target,
            "for f in a b c; do printf here > $f; done; touch -d @500 a; touch -d @2000 b; touch -d @1000 c"
        );
        await bench.RestoreAsync(tree, bench.Plan with { Overwrite = policy });
        Assert.Equal(
            expected.Replace("same", "here", StringComparison.Ordinal),
            ShellCommand.Run(bench.Target, "printf '%s %s %s' $(cat a) $(cat b) $(cat c)")
        );
        Assert.Equal(
            policy == OverwritePolicy.Always ? 0 : expected.Split(' ').Count(word => word != "snap"),
            bench.Plan.Progress.Skipped + bench.Actions.Count(entry => entry.Action == RestoreAction.Unchanged)
        );
    }

    [Fact]
    public async Task what_is_not_in_the_snapshot_is_deleted_only_if_asked_for()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "mkdir -p d/e; echo x > d/e/f; ln -s / d/root");
        var tree = await bench.BackUpAsync();
        const string extra =
            "mkdir -p d/e d/more/below; echo y > d/more/below/y; echo z > z; echo k > d/keep.log; ln -s ../../source d/away";
        ShellCommand.Run(bench.Target, extra);
        await bench.RestoreAsync(tree);
        Assert.Equal("y\nz\n", ShellCommand.Run(bench.Target, "cat d/more/below/y z"));
        var excludes = new Engine.LocalFiles.ExcludeRules();
        excludes.AddPattern("*.log"u8);
        var plan = bench.Plan with { Delete = true, Excludes = excludes, Progress = new RestoreProgress() };
        await bench.RestoreAsync(tree, plan with { DryRun = true });
        Assert.Equal("y\nz\n", ShellCommand.Run(bench.Target, "cat d/more/below/y z"));
        Assert.Equal(3, plan.Progress.Deleted);
        await bench.RestoreAsync(tree, plan);
        Assert.Empty(bench.Faults);
        Assert.Equal(
            "./d ./d/e ./d/e/f ./d/keep.log ./d/root ",
            ShellCommand.Run(bench.Target, "find . -mindepth 1 | sort | tr '\\n' ' '")
        );
        Assert.Equal("x\n", ShellCommand.Run(bench.Source, "cat d/e/f"));
    }

    [Fact]
    public async Task a_dry_run_changes_nothing()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "mkdir -p a/b; echo x > a/b/c; ln -s x a/l");
        var tree = await bench.BackUpAsync();
        ShellCommand.Run(bench.Target, "mkdir a; touch -d @7 a .");
        var progress = await bench.RestoreAsync(tree, bench.Plan with { DryRun = true });
        Assert.Equal((1, 1, 2L), ((int)progress.Files, (int)progress.Others, progress.BytesWritten));
        Assert.Equal(". 7 ./a 7 ", ShellCommand.Run(bench.Target, "find . -printf '%p %Ts '"));
        var missing = bench.Plan with { DryRun = true, Target = [.. bench.Plan.Target, .. "/none"u8] };
        await bench.RestoreAsync(tree, missing);
        Assert.Equal("a\n", ShellCommand.Run(bench.Target, "ls"));
    }

    [Theory]
    [InlineData("/a/b", "./a ./a/b ./a/b/f ./a/b/g.c ")]
    [InlineData("*.c", "./a ./a/b ./a/b/g.c ./top.c ")]
    [InlineData("/a/**/f", "./a ./a/b ./a/b/f ")]
    [InlineData("/nothing", "")]
    public async Task only_what_is_included_is_restored_with_the_directories_above(string pattern, string expected)
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "mkdir -p a/b other/empty; echo f > a/b/f; echo g > a/b/g.c; echo t > top.c; echo o > other/o"
        );
        var tree = await bench.BackUpAsync();
        var includes = new IncludeRules();
        includes.AddPattern(System.Text.Encoding.UTF8.GetBytes(pattern));
        await bench.RestoreAsync(tree, bench.Plan with { Includes = includes });
        Assert.Equal(expected, ShellCommand.Run(bench.Target, "find . -mindepth 1 | sort | tr '\\n' ' '"));
    }

    [Fact]
    public async Task a_missing_target_is_made_with_the_directories_above()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "echo x > f");
        var tree = await bench.BackUpAsync();
        await bench.RestoreAsync(tree, bench.Plan with { Target = [.. bench.Plan.Target, .. "/some/where/./new/"u8] });
        Assert.Equal("x\n", ShellCommand.Run(bench.Target, "cat some/where/new/f"));
    }

    [Fact]
    public async Task a_cancelled_restore_ends()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "for i in $(seq 300); do echo $i > f$i; done");
        var tree = await bench.BackUpAsync();
        using var stop = new CancellationTokenSource();
        var plan = bench.Plan with { OnEntry = (_, _) => stop.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Restorer.RunAsync(bench.Repository, tree, plan, stop.Token)
        );
    }
}
