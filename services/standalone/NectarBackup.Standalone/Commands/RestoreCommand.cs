using System.CommandLine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Restore;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Restore;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>restore</c>: a snapshot, or a directory of one, into a directory.</summary>
internal static class RestoreCommand
{
    public static Command Build()
    {
        var name = new Argument<string>("SNAPSHOT[:PATH]");
        var options = new RestoreOptions();
        var command = new Command("restore", "Restore files of a snapshot") { name };
        options.AddTo(command);
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var plan = options.Read(run);
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var token = open.Token;
                var list = await SnapshotList.LoadAsync(run, open.Repository, token);
                var (id, path) = SnapshotPath.Split(run.Get(name));
                var snapshot = list.Find(id, filter);
                await open.Repository.LoadIndexAsync(token);
                var tree = await SnapshotPath.FindTreeAsync(open.Repository, snapshot.Tree, path, token);
                run.Say($"restoring {SnapshotText.Headline(snapshot)} to {options.Target(run)}");
                await using var report = RestoreReport.Start(run, plan.Progress, token);
                await Restorer.RunAsync(
                    open.Repository,
                    tree,
                    plan with
                    {
                        OnFault = report.Fault,
                        OnEntry = run.Verbosity > 0 ? report.Entry : null,
                    },
                    token
                );
                await report.FinishAsync(plan.DryRun);
                return plan.Progress.Faults > 0 ? ExitCode.Failed : ExitCode.Ok;
            }
        );
    }
}
