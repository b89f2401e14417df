using System.CommandLine;
using NectarBackup.Engine.Locks;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>unlock</c>: removes the locks of processes that are gone.</summary>
internal static class UnlockCommand
{
    public static Command Build()
    {
        var all = GlobalOptions.Flag("--remove-all", "remove every lock, also of programs that still run");
        return new Command("unlock", "Remove stale locks") { all }.Does(
            async (run, cancellationToken) =>
            {
                await using var open = await run.OpenAsync(LockMode.None, cancellationToken);
                var count = await RepositoryLock.UnlockAsync(
                    open.Repository,
                    run.Get(all),
                    LocalLockIdentity.Instance,
                    run.Time,
                    open.Token
                );
                if (count > 0)
                    run.Say($"successfully removed {count} locks");
                return ExitCode.Ok;
            }
        );
    }
}
