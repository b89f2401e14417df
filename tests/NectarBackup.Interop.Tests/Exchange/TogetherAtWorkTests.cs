using System.Diagnostics;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Exchange;

/// <summary>nectar and restic at the same repository at the same time.</summary>
public sealed class TogetherAtWorkTests(CephGateway gateway)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);
    private static readonly CancellationToken s_cancellation = TestContext.Current.CancellationToken;

    public static TheoryData<string, StoreKind> Cases => PeerCases.All;

    public static TheoryData<string> Restics => PeerCases.Restics;

    [Theory, MemberData(nameof(Cases))]
    public async Task Two_writers_and_a_prune_do_each_other_no_harm(string name, StoreKind store)
    {
        var (nectar, restic) = (BackupProgram.Nectar, BackupProgram.Find(name));
        using var place = await RepositoryPlace.NewAsync(store, gateway);
        var (ours, theirs) = (place["ours"], place["theirs"]);
        // Largely the same content: each writes chunks that the other writes as well.
        PlainTree.Create(ours, noise: 3_000_000);
        PlainTree.Create(theirs, noise: 3_000_000);
        await place.DoAsync(nectar, "init");
        for (var round = 0; round < 3; round++)
        {
            PlainTree.Change(ours, seed: 10 + round);
            PlainTree.Change(theirs, seed: 11 + round);
            var pruner = round % 2 == 0 ? nectar : restic;
            await Task.WhenAll(
                UntilUnlockedAsync(place, nectar, "backup", ours),
                UntilUnlockedAsync(place, restic, "backup", theirs),
                ThinOutAsync(place, pruner)
            );
        }
        await place.DoAsync(restic, "check", "--read-data");
        await place.DoAsync(nectar, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(restic, ours, await NewestOfAsync(place, ours));
        await place.ExpectEqualRestoreAsync(nectar, theirs, await NewestOfAsync(place, theirs));
    }

    private static async Task ThinOutAsync(RepositoryPlace place, BackupProgram program)
    {
        await UntilUnlockedAsync(place, program, "forget", "--keep-last", "1");
        await UntilUnlockedAsync(place, program, "prune", "--max-unused", "0");
    }

    private static async Task<string> NewestOfAsync(RepositoryPlace place, string path)
    {
        using var json = System.Text.Json.JsonDocument.Parse(
            await place.DoAsync(BackupProgram.Nectar, "snapshots", "--json", "--path", path, "--latest", "1")
        );
        return json.RootElement.EnumerateArray().Last().GetProperty("id").GetString()!;
    }

    /// <summary>Tries again for as long as the other one's lock is in the way: restic 0.14 has no option for it.</summary>
    private static async Task UntilUnlockedAsync(RepositoryPlace place, BackupProgram program, params string[] words)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var result = await place.RunAsync(program, words);
            if (result.ExitCode == 0)
                return;
            Assert.True(IsLockedOut(program, result) && clock.Elapsed < s_patience, $"{result}");
            await Task.Delay(Random.Shared.Next(50, 400), s_cancellation);
        }
    }

    private static bool IsLockedOut(BackupProgram program, ProgramResult result) =>
        result.ExitCode == (HasExitCodeOfLocks(program) ? 11 : 1)
        && result.Errors.Contains("locked", StringComparison.Ordinal);

    /// <summary>restic has it since 0.17; before, every failure is 1.</summary>
    private static bool HasExitCodeOfLocks(BackupProgram program) =>
        program == BackupProgram.Nectar || program.MinorVersion >= 17;

    [Theory, MemberData(nameof(Restics))]
    public Task Nectar_respects_an_exclusive_lock_of_restic(string name) =>
        HoldAndTryAsync(BackupProgram.Find(name), BackupProgram.Nectar);

    [Theory, MemberData(nameof(Restics))]
    public Task Restic_respects_an_exclusive_lock_of_nectar(string name) =>
        HoldAndTryAsync(BackupProgram.Nectar, BackupProgram.Find(name));

    /// <summary>A check is slowed down so much that its lock stays; the other program is locked out until the holder is killed and its lock removed.</summary>
    private async Task HoldAndTryAsync(BackupProgram holder, BackupProgram other)
    {
        using var place = await RepositoryPlace.NewAsync(StoreKind.Directory, gateway);
        var source = place["source"];
        PlainTree.Create(source);
        await place.DoAsync(other, "init");
        await place.DoAsync(other, "backup", source);
        var holding = place.Start(holder, "check", "--read-data", "--no-cache", "--limit-download", "32");
        var locks = Path.Combine(place.Location, "locks");
        var clock = Stopwatch.StartNew();
        while (Directory.GetFiles(locks).Length == 0 && clock.Elapsed < s_patience)
            await Task.Delay(20, s_cancellation);

        foreach (var words in new string[][] { ["backup", source], ["snapshots"], ["forget", "--keep-last", "1"] })
        {
            var refused = await place.RunAsync(other, words);
            Assert.True(IsLockedOut(other, refused), $"{refused}");
        }
        await place.DoAsync(other, "snapshots", "--no-lock");
        Assert.False(holding.HasExited);
        holding.Kill();
        await holding.WaitAsync(s_cancellation);
        Assert.Single(Directory.GetFiles(locks));
        await place.DoAsync(other, "unlock");
        Assert.Empty(Directory.GetFiles(locks));
        await place.DoAsync(other, "backup", source);
    }
}
