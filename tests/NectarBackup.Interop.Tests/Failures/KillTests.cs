using System.Diagnostics;
using System.Globalization;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Failures;

/// <summary>
/// The real program killed at random moments. NECTAR_KILLS says how often, NECTAR_KILLS_SEED from which seed on; both runs of a theory count for themselves.
/// </summary>
public sealed class KillTests(CephGateway gateway)
{
    private static readonly CancellationToken s_cancellation = TestContext.Current.CancellationToken;

    public static TheoryData<StoreKind> Stores => PeerCases.Stores;

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : usual;

    [Theory, MemberData(nameof(Stores))]
    public async Task Killed_at_any_moment_nothing_is_damaged_and_the_next_run_goes_on(StoreKind store)
    {
        var kills = Setting("NECTAR_KILLS", 12);
        var seed = Setting("NECTAR_KILLS_SEED", Random.Shared.Next());
        var random = new Random(seed);
        TestContext.Current.TestOutputHelper?.WriteLine($"NECTAR_KILLS={kills} NECTAR_KILLS_SEED={seed}");
        var nectar = BackupProgram.Nectar;
        using var place = await RepositoryPlace.NewAsync(store, gateway);
        var source = place["source"];
        PlainTree.Create(source, noise: 2_000_000);
        await place.DoAsync(nectar, "init");
        var clock = Stopwatch.StartNew();
        await place.DoAsync(nectar, "backup", source);
        var usual = clock.Elapsed;

        var (killed, ended) = (0, 0);
        for (var i = 0; killed < kills; i++)
        {
            Assert.True(ended <= kills + 10, "the program ends before it can be killed");
            PlainTree.Change(source, seed: i % 7);
            PlainTree.WriteNoise(Path.Combine(source, "new"), seed: i, length: 300_000);
            string[] words = (i % 3) switch
            {
                0 or 1 => ["backup", source],
                _ => ["prune", "--max-unused", "0"],
            };
            if (i % 6 == 5)
                await place.DoAsync(nectar, "forget", "--keep-last", "2");
            var run = place.Start(nectar, words);
            await Task.Delay(usual * (random.NextDouble() * 1.2), s_cancellation);
            var wasRunning = !run.HasExited;
            run.Kill();
            var result = await run.WaitAsync(s_cancellation);
            if (wasRunning && result.ExitCode == 128 + 9)
                killed++;
            else
            {
                result.Expect(0);
                ended++;
            }
            await place.DoAsync(nectar, "check");
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{killed} killed, {ended} had ended before");
        var last = await place.BackUpAsync(nectar, source);
        await place.DoAsync(nectar, "check", "--read-data");
        await place.DoAsync(BackupProgram.NewestRestic, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(BackupProgram.NewestRestic, source, last.Snapshot);
        await place.DoAsync(nectar, "prune", "--max-unused", "0");
        await place.DoAsync(BackupProgram.NewestRestic, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(nectar, source, last.Snapshot);
    }

    [Theory, MemberData(nameof(Stores))]
    public async Task Interrupted_it_records_what_is_stored_and_the_next_run_uses_it(StoreKind store)
    {
        var nectar = BackupProgram.Nectar;
        using var place = await RepositoryPlace.NewAsync(store, gateway);
        Directory.CreateDirectory(place["source"]);
        PlainTree.WriteNoise(place["source/noise"], seed: 1, length: 44_000_000);
        await place.DoAsync(nectar, "init");
        var run = place.Start(nectar, "backup", "--limit-upload", "8000", place["source"]);
        while (!run.HasExited && (await place.DoAsync(nectar, "list", "packs", "--no-lock")).Length == 0)
            await Task.Delay(100, s_cancellation);
        run.Interrupt();
        (await run.WaitAsync(s_cancellation)).Expect(130);
        Assert.Empty(await place.SnapshotsAsync(nectar));
        var rest = await place.BackUpAsync(nectar, place["source"]);
        Assert.InRange(rest.DataAdded, 1, 44_000_000 - 15_000_000);
        await place.DoAsync(BackupProgram.NewestRestic, "check", "--read-data");
        await place.ExpectEqualRestoreAsync(BackupProgram.NewestRestic, place["source"]);
    }
}
