using NectarBackup.Engine;
using NectarBackup.Engine.Check;
using NectarBackup.Engine.Copy;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Prune;
using NectarBackup.Engine.Repair;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Maintenance;

public sealed class MaintenanceTests
{
    private static async Task BackUpAsync(ResticPlace restic)
    {
        Directory.CreateDirectory(restic.Data + "/sub/deep");
        File.WriteAllBytes(restic.Data + "/big", Noise(1, 3_000_000));
        File.WriteAllBytes(restic.Data + "/sub/gone", Noise(2, 400_000));
        File.WriteAllText(restic.Data + "/sub/deep/täxt \"\\", string.Concat(Enumerable.Repeat("text\n", 20_000)));
        await restic.OkAsync("init");
        await restic.OkAsync("backup", restic.Data, "--tag", "first");
        File.Delete(restic.Data + "/sub/gone");
        File.WriteAllBytes(restic.Data + "/sub/new", Noise(3, 50_000));
        await restic.OkAsync("backup", restic.Data);
    }

    private static Task<RepositoryLock> LockAsync(Repository repository) =>
        RepositoryLock.AcquireAsync(
            repository,
            exclusive: true,
            new LockOptions(new Keeper(), TimeProvider.System),
            default
        );

    private static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

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
        using var restic = new ResticPlace();
        await BackUpAsync(restic);
        await using var repository = await OpenAsync(restic.Repository);
        Assert.Empty(await CheckAsync(repository));
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await using (var held = await LockAsync(repository))
            await SnapshotTags.ChangeAsync(repository, snapshots, new TagChange(null, ["added"], []), held, default);
        Assert.Contains("2 snapshots", await restic.OkAsync("snapshots", "--tag", "added"), StringComparison.Ordinal);
        snapshots = await SnapshotFiles.LoadAllAsync(repository, default);
        await restic.OkAsync("forget", snapshots[0].Id.ToString());

        var options = new PruneOptions { MaxUnused = UnusedLimit.Bytes(0) };
        var plan = await PrunePlan.MakeAsync(repository, options, default);
        Assert.NotEmpty(plan.PacksToRepack);
        await using (var held = await LockAsync(repository))
            await plan.ExecuteAsync(held, null, default);
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
        using var restic = new ResticPlace();
        await BackUpAsync(restic);
        await using var repository = await OpenAsync(restic.Repository);
        foreach (var file in Directory.GetFiles(restic.Repository + "/index"))
            File.Delete(file);
        var index = await IndexRepairPlan.MakeAsync(repository, readAllPacks: false, default);
        await using (var held = await LockAsync(repository))
            Assert.Empty(await index.ExecuteAsync(held, default));
        await restic.AssertSoundAsync();

        var pack = new DirectoryInfo(restic.Repository + "/data")
            .GetFiles("*", SearchOption.AllDirectories)
            .MaxBy(static f => f.Length)!;
        Flip(pack.FullName, 100);
        // Anew: a store keeps packs open, and would go on reading the file that was replaced.
        await using var harmed = await OpenAsync(restic.Repository);
        await using (var held = await LockAsync(harmed))
        {
            var packs = new HashSet<ObjectId> { ObjectId.Parse(pack.Name) };
            Assert.Single((await PackRepair.RunAsync(harmed, packs, TimeProvider.System, held, default))[0].Lost);
            var snapshots = await SnapshotFiles.LoadAllAsync(harmed, default);
            await harmed.LoadIndexAsync(default);
            var plan = await SnapshotRepairPlan.MakeAsync(harmed, snapshots, default);
            Assert.NotEmpty(plan.Damaged);
            await plan.ExecuteAsync(forget: true, TimeProvider.System, held, default);
        }
        foreach (var version in ResticPlace.Versions)
        {
            var (exit, output) = await restic.RunVersionAsync(version, restic.Repository, "check", "--read-data");
            Assert.True(exit == 0, output);
        }
        Assert.Empty(await CheckAsync(harmed));
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

    /// <summary>Each case on a copy of its own, all at once: restic tries damaged files again for a while.</summary>
    [Fact]
    public async Task Whatever_damage_restic_finds_is_found_and_named()
    {
        using var restic = new ResticPlace();
        await BackUpAsync(restic);
        Assert.Null(await FindAsync(restic.Repository));
        var cases =
            from kind in new[] { "data", "index", "snapshots", "keys", "config" }
            from damage in new[] { "cut", "flip", "zero", "delete" }
            select FindMissedAsync(restic, kind, damage);
        Assert.Empty((await Task.WhenAll(cases)).OfType<string>());
    }

    /// <returns>What is wrong with our answer; null if it is right.</returns>
    private static async Task<string?> FindMissedAsync(ResticPlace restic, string kind, string damage)
    {
        var copy = restic.Temporary($"{kind}-{damage}");
        ShellCommand.Run("/", $"cp -r '{restic.Repository}' '{copy}'");
        var place = Path.Combine(copy, kind);
        var file =
            kind == "config"
                ? place
                : Directory.GetFiles(place, "*", SearchOption.AllDirectories).MaxBy(f => new FileInfo(f).Length)!;
        if (damage == "delete")
            File.Delete(file);
        else
            Overwrite(file, Damage(File.ReadAllBytes(file), damage));
        var theirs = await restic.RunVersionAsync(ResticPlace.Versions[0], copy, "check", "--read-data");
        var ours = await FindAsync(copy);
        if (theirs.Exit != 0 && ours is null)
            return $"{kind} {damage}: {theirs.Output}";
        // Of a file that is gone nobody knows the name, but of a pack, which an index has.
        var hasName = damage != "delete" || kind == "data";
        return ours is not null && hasName && !ours.Contains(Path.GetFileName(file), StringComparison.Ordinal)
            ? $"{kind} {damage} is not named: {ours}"
            : null;
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

    /// <returns>All messages; null if everything is fine.</returns>
    private static async Task<string?> FindAsync(string path)
    {
        try
        {
            await using var repository = await OpenAsync(path);
            var found = await CheckAsync(repository);
            var text = string.Join('\n', found.Where(static f => !f.IsWarning).Select(static f => f.Message));
            return text.Length == 0 ? null : text;
        }
        catch (Exception e) when (e is RepositoryException { Error: not RepositoryError.Refused } or StoreException)
        {
            return e.Message;
        }
    }
}
