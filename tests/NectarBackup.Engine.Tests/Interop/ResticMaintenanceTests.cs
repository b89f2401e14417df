using NectarBackup.Engine.Check;
using NectarBackup.Engine.Copy;
using NectarBackup.Engine.Prune;
using NectarBackup.Engine.Repair;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Interop;

public sealed class ResticMaintenanceTests
{
    private static async Task BackUpAsync(Restic restic)
    {
        Directory.CreateDirectory(restic.Data + "/sub/deep");
        File.WriteAllBytes(restic.Data + "/big", Sample.Noise(1, 3_000_000));
        File.WriteAllBytes(restic.Data + "/sub/gone", Sample.Noise(2, 400_000));
        File.WriteAllText(restic.Data + "/sub/deep/täxt \"\\", string.Concat(Enumerable.Repeat("text\n", 20_000)));
        await restic.OkAsync("init");
        await restic.OkAsync("backup", restic.Data, "--tag", "first");
        File.Delete(restic.Data + "/sub/gone");
        File.WriteAllBytes(restic.Data + "/sub/new", Sample.Noise(3, 50_000));
        await restic.OkAsync("backup", restic.Data);
    }

    private static readonly string[] s_check = ["check", "--read-data"];

    private static Task<Repository> OpenAsync(string path) =>
        Repository.OpenAsync(new DirectoryStore(path), "x"u8.ToArray(), default);

    private static async Task<List<CheckFinding>> CheckAsync(Repository repository)
    {
        var found = new List<CheckFinding>();
        var options = new CheckOptions { ReadData = PackSample.All, OnFinding = found.Add };
        await Checker.RunAsync(repository, options, default);
        return found;
    }

    [Fact]
    public async Task Restic_accepts_what_prune_leaves_and_what_copy_makes()
    {
        using var restic = new Restic();
        await BackUpAsync(restic);
        await using var repository = await OpenAsync(restic.Repository);
        Assert.Empty(await CheckAsync(repository));
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await SnapshotTags.ChangeAllAsync(repository, snapshots, new TagChange(null, ["added"], []), default);
        Assert.Contains("2 snapshots", await restic.OkAsync("snapshots", "--tag", "added"), StringComparison.Ordinal);
        snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await restic.OkAsync("forget", snapshots[0].Id.ToString());

        var options = new PruneOptions { MaxUnused = UnusedLimit.Bytes(0) };
        var plan = await PrunePlan.MakeAsync(repository, options, default);
        Assert.NotEmpty(plan.PacksToRepack);
        await plan.ExecuteUntilAsync(null, default, default);
        await restic.AssertSoundAsync();
        Assert.Empty(await CheckAsync(repository));
        Assert.Contains(
            "0 B",
            await restic.OkAsync("prune", "--dry-run", "--max-unused", "0"),
            StringComparison.Ordinal
        );

        var path = restic.Temporary("copy");
        await using (
            var target = await Repository.InitAsync(
                new DirectoryStore(path),
                "x"u8.ToArray(),
                repository.Config.Polynomial,
                ("u", "h"),
                TimeProvider.System,
                default
            )
        )
        {
            await repository.LoadIndexAsync(default);
            var all = await SnapshotFiles.LoadAllAsync(repository, default);
            var report = await SnapshotCopy.RunAsync(repository, target, all, new CopyOptions(), default);
            Assert.Equal(1, report.Copied);
        }
        await restic.AssertSoundAsync(path);
    }

    [Fact]
    public async Task Restic_accepts_repaired_repositories()
    {
        using var restic = new Restic();
        await BackUpAsync(restic);
        await using var repository = await OpenAsync(restic.Repository);
        foreach (var file in Directory.GetFiles(restic.Repository + "/index"))
            File.Delete(file);
        var index = await IndexRepairPlan.MakeAsync(repository, readAllPacks: false, default);
        Assert.Empty(await index.ExecuteAsync(default));
        await restic.AssertSoundAsync();

        var pack = new DirectoryInfo(restic.Repository + "/data")
            .GetFiles("*", SearchOption.AllDirectories)
            .MaxBy(static f => f.Length)!;
        Flip(pack.FullName, 100);
        var packs = new HashSet<ObjectId> { ObjectId.Parse(pack.Name) };
        var salvage = await PackRepair.RunAsync(repository, packs, TimeProvider.System, default(CancellationToken));
        Assert.Single(salvage[0].Lost);
        await repository.LoadIndexAsync(default);
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        var plan = await SnapshotRepairPlan.MakeAsync(repository, snapshots, default);
        Assert.NotEmpty(plan.Damaged);
        await plan.ExecuteAsync(forget: true, TimeProvider.System, default(CancellationToken));
        foreach (var version in Restic.Versions)
        {
            var (exit, output) = await restic.RunAsync(version, restic.Repository, "check", "--read-data");
            Assert.True(exit == 0, output);
        }
        Assert.Empty(await CheckAsync(repository));
    }

    private static void Flip(string file, int at)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[at] ^= 1;
        Overwrite(file, bytes);
    }

    private static void Overwrite(string file, byte[] bytes)
    {
        File.Delete(file);
        File.WriteAllBytes(file, bytes);
    }

    [Fact]
    public async Task Whatever_damage_restic_finds_is_found_and_named()
    {
        using var restic = new Restic();
        await BackUpAsync(restic);
        var missed = new List<string>();
        foreach (var kind in new[] { "data", "index", "snapshots", "keys", "config" })
        {
            var place = Path.Combine(restic.Repository, kind);
            var file =
                kind == "config"
                    ? place
                    : Directory.GetFiles(place, "*", SearchOption.AllDirectories).MaxBy(f => new FileInfo(f).Length)!;
            var whole = File.ReadAllBytes(file);
            foreach (var damage in new[] { "cut", "flip", "zero", "delete" })
            {
                if (damage == "delete")
                    File.Delete(file);
                else
                    Overwrite(file, Damage(whole, damage));
                var theirs = await restic.RunAsync([.. s_check]);
                var ours = await FindAsync(restic.Repository, Path.GetFileName(file));
                if (theirs.Exit != 0 && ours is null)
                    missed.Add($"{kind} {damage}: {theirs.Output}");
                if (ours is not null && !ours.Contains(Path.GetFileName(file), StringComparison.Ordinal))
                    missed.Add($"{kind} {damage} is not named: {ours}");
                Overwrite(file, whole);
            }
        }
        Assert.Empty(missed);
        Assert.Null(await FindAsync(restic.Repository, ""));
    }

    private static byte[] Damage(byte[] whole, string how)
    {
        var bytes = whole.ToArray();
        if (how == "flip")
            bytes[bytes.Length / 3] ^= 0x10;
        else if (how == "zero")
            bytes.AsSpan(bytes.Length / 2, bytes.Length / 4).Clear();
        return how == "cut" ? bytes[..(bytes.Length / 2)] : bytes;
    }

    /// <returns>The messages that name the file, else all; null if everything is fine.</returns>
    private static async Task<string?> FindAsync(string path, string file)
    {
        try
        {
            await using var repository = await OpenAsync(path);
            var found = await CheckAsync(repository);
            var text = string.Join('\n', found.Where(f => !f.IsWarning).Select(static f => f.Message));
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is RepositoryException { Error: not RepositoryError.Refused } or StoreException)
        {
            // Without its only key, nothing can be said about a repository but that.
            return e is RepositoryException { Error: RepositoryError.WrongPassword } ? e.Message + file : e.Message;
        }
    }
}
