using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Repair;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>repair</c>: makes the best of a damaged repository. In order: index, packs, snapshots.</summary>
internal static class RepairCommand
{
    public static Command Build() => new("repair", "Repair a damaged repository") { Index(), Packs(), Snapshots() };

    private static Command Index()
    {
        var all = GlobalOptions.Flag("--read-all-packs", "trust no index, read the header of every pack");
        return new Command("index", "Make the index fit the packs") { all }.Does(
            async (run, cancellationToken) =>
            {
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                var plan = await IndexRepairPlan.MakeAsync(open.Repository, run.Get(all), open.Token);
                foreach (var (index, error) in plan.DamagedIndexes)
                    run.Warn($"index {index.Short} cannot be used: {error.Message}");
                run.Say($"{plan.PacksToRead.Count} packs to read, {plan.PacksMissing.Count} packs are missing");
                var unreadable = await plan.ExecuteAsync(open.Lock!, open.Token);
                foreach (var (pack, error) in unreadable)
                    run.Warn($"pack {pack} cannot be read: {error.Message}; save what is in it with 'repair packs'");
                run.Say(plan.IsEmpty ? "the index is right as it is" : "done");
                return unreadable.Count == 0 ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static Command Packs()
    {
        var ids = GlobalOptions.Rest("PACK");
        return new Command("packs", "Save what is readable of damaged packs") { ids }.Does(
            async (run, cancellationToken) =>
            {
                if (run.Get(ids).Length == 0)
                    throw new UsageException("no packs are given", "'check --read-data' names those that are damaged");
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                var packs = new HashSet<ObjectId>();
                foreach (var id in run.Get(ids))
                    packs.Add(await FindPackAsync(open, id));
                var saved = await PackRepair.RunAsync(open.Repository, packs, run.Time, open.Lock!, open.Token);
                foreach (var pack in saved)
                    run.Say($"pack {pack.Pack.Short}: {pack.Saved} blobs saved, {pack.Lost.Count} lost");
                if (saved.Exists(pack => pack.Lost.Count > 0))
                    run.Say("run 'repair snapshots --forget' to take what is lost out of the snapshots");
                return ExitCode.Ok;
            }
        );
    }

    /// <summary>A whole id may be of a pack that is only in the index.</summary>
    private static async Task<ObjectId> FindPackAsync(OpenRepository open, string text) =>
        ObjectId.TryParse(text.AsSpan(), out var id)
            ? id
            : (await ObjectNames.FindAsync(open.Repository.Store, ObjectKind.Pack, text, open.Token)).Name.Id;

    private static Command Snapshots()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var dryRun = GlobalOptions.Flag("--dry-run", "change nothing, only report what would be done", "-n");
        var forget = GlobalOptions.Flag("--forget", "remove the damaged snapshots when their copies are made");
        var command = new Command("snapshots", "Copy damaged snapshots without what is lost") { ids, dryRun, forget };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var filter = filterOptions.Read(run);
                var mode = run.Get(dryRun) ? LockMode.Reading : LockMode.Exclusive;
                await using var open = await run.OpenAsync(mode, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                await open.Repository.LoadIndexAsync(open.Token);
                var chosen = list.Choose(run.Get(ids), filter);
                var plan = await SnapshotRepairPlan.MakeAsync(open.Repository, chosen, open.Token);
                foreach (var loss in plan.Damaged)
                {
                    run.Say($"{SnapshotText.Headline(loss.Snapshot)}:");
                    foreach (var line in loss.Losses)
                        run.Say($"  {line}");
                    if (loss.IsBeyondRepair)
                        run.Say("  nothing of it can be saved");
                }
                if (plan.Damaged.Count == 0)
                    run.Say("no snapshots were modified");
                if (plan.Damaged.Count == 0 || run.Get(dryRun))
                    return ExitCode.Ok;
                foreach (var (old, copy) in await plan.ExecuteAsync(run.Get(forget), run.Time, open.Lock!, open.Token))
                    run.Say(
                        copy is { } id ? $"snapshot {old.Short} saved as {id.Short}" : $"snapshot {old.Short} removed"
                    );
                return ExitCode.Ok;
            }
        );
    }
}
