using System.CommandLine;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Prune;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>prune</c>: removes data that no snapshot needs.</summary>
internal static class PruneCommand
{
    public static Command Build()
    {
        var options = new PruneOptionSet();
        var dryRun = GlobalOptions.Flag("--dry-run", "change nothing, only report what would be done", "-n");
        var command = new Command("prune", "Remove data that no snapshot needs") { dryRun };
        options.AddTo(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var chosen = options.Read(run);
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                await PruneRun.ExecuteAsync(run, open, chosen, run.Get(dryRun), open.Token);
                return ExitCode.Ok;
            }
        );
    }
}
