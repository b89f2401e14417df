using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Forget;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Prune;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>forget</c>: drops snapshots, named ones or those that no rule keeps. Their data stays until a prune.</summary>
internal static class ForgetCommand
{
    public static Command Build()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var policy = new RetentionOptions();
        var groupBy = GlobalOptions.Text(
            "--group-by",
            "apply the rules to each group: host, paths, tags",
            "WORDS",
            "-g"
        );
        var dryRun = GlobalOptions.Flag("--dry-run", "delete nothing, only report what would be deleted", "-n");
        var compact = GlobalOptions.Flag("--compact", "show tables without paths", "-c");
        var command = new Command("forget", "Remove snapshots by rules or by id") { ids, groupBy, dryRun, compact };
        policy.AddTo(command);
        var prune = GlobalOptions.Flag("--prune", "prune afterwards, if snapshots were removed");
        command.Add(prune);
        var pruneOptions = new PruneOptionSet();
        pruneOptions.AddTo(command);
        var filterOptions = new SnapshotFilterOptions(command, hasLetter: false);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var rules = policy.Read(run);
                var pruning = pruneOptions.Read(run);
                var filter = filterOptions.Read(run);
                var names = run.Get(ids);
                var grouping = run.Get(groupBy) is { } words
                    ? SnapshotFilterOptions.ParseGrouping(words)
                    : SnapshotGrouping.Default;
                if (names.Length > 0 && !rules.IsEmpty)
                    throw new UsageException("snapshots are given by id and by rules", "give one of the two");
                if (names.Length == 0 && rules.IsEmpty)
                    throw new UsageException("no rule is given, nothing is removed", "see 'nectar forget --help'");
                var isDryRun = run.Get(dryRun);
                var mode = isDryRun ? LockMode.Reading : LockMode.Exclusive;
                await using var open = await run.OpenAsync(mode, cancellationToken);
                var token = open.Token;
                var list = await SnapshotList.LoadAsync(run, open.Repository, token);
                var report = new ForgetReport(run, run.Get(compact), isDryRun);
                var removed = new List<Snapshot>();
                if (names.Length > 0)
                    removed.AddRange(list.Choose(names, SnapshotFilter.All));
                else
                {
                    var plan = ForgetPlan.Make(list.All.Where(filter.Matches), rules, grouping, run.Time);
                    report.Show(plan);
                    removed.AddRange(plan.Groups.SelectMany(group => group.Remove));
                }
                if (!isDryRun)
                    await RemoveAsync(open.Repository, removed, token);
                report.Finish(removed);
                if (run.Get(prune) && removed.Count > 0 && !isDryRun)
                    await PruneRun.ExecuteAsync(run, open, pruning, isDryRun, token);
                return ExitCode.Ok;
            }
        );
    }

    private static async Task RemoveAsync(Repository repository, List<Snapshot> snapshots, CancellationToken token)
    {
        foreach (var snapshot in snapshots)
            await repository.Store.DeleteAsync(new ObjectName(ObjectKind.Snapshot, snapshot.Id), token);
    }
}
