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
}
