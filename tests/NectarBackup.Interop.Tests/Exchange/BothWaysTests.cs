using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Exchange;

/// <summary>One program begins a repository, the other goes on with it, and both find it sound all the time.</summary>
public sealed class BothWaysTests(CephGateway gateway)
{
    /// <summary>Trees may be written anew where two programs word a node differently; content never is.</summary>
    private const long TreesOnly = 100_000;

    public static TheoryData<string, StoreKind> Cases => PeerCases.All;

    [Theory, MemberData(nameof(Cases))]
    public Task Restic_goes_on_with_what_nectar_began(string restic, StoreKind store) =>
        RunAsync(BackupProgram.Nectar, BackupProgram.Find(restic), store);

    [Theory, MemberData(nameof(Cases))]
    public Task Nectar_goes_on_with_what_restic_began(string restic, StoreKind store) =>
        RunAsync(BackupProgram.Find(restic), BackupProgram.Nectar, store);

    private async Task RunAsync(BackupProgram first, BackupProgram second, StoreKind store)
    {
        using var place = await RepositoryPlace.NewAsync(store, gateway);
        var source = place["source"];
        PlainTree.Create(source);

        await place.DoAsync(first, "init");
        var begun = await place.BackUpAsync(first, source);
        Assert.True(begun.DataAdded > 6_000_000);
        Assert.Equal([begun.Snapshot[..8]], await place.SnapshotsAsync(second));
        await place.DoAsync(second, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(second, source);

        // With the first snapshot as parent, and without: then every file is read, cut and hashed anew.
        var again = await place.BackUpAsync(second, source);
        Assert.Equal(0, again.DataBlobs);
        Assert.InRange(again.DataAdded, 0, TreesOnly);
        var forced = await place.BackUpAsync(second, "--force", source);
        Assert.Equal(0, forced.DataBlobs);
        Assert.InRange(forced.DataAdded, 0, TreesOnly);
        var back = await place.BackUpAsync(first, "--force", source);
        Assert.Equal(0, back.DataBlobs);
        Assert.InRange(back.DataAdded, 0, TreesOnly);

        PlainTree.Change(source, seed: 5);
        var changed = await place.BackUpAsync(second, source);
        Assert.InRange(changed.DataAdded, 700_000, begun.DataAdded);
        await place.DoAsync(first, "check", "--read-data");

        await place.DoAsync(second, "forget", "--keep-last", "1");
        Assert.Equal([changed.Snapshot[..8]], await place.SnapshotsAsync(first));
        await place.DoAsync(second, "prune", "--max-unused", "0");
        await place.DoAsync(first, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(first, source);
        await place.DoAsync(second, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(second, source);
    }
}
