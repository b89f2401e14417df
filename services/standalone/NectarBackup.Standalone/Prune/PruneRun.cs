using NectarBackup.Engine;
using NectarBackup.Engine.Prune;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Prune;

/// <summary>Plans a prune, tells the plan and executes it (restic <c>cmd_prune.go</c>).</summary>
internal static class PruneRun
{
    /// <returns>False if there was nothing to do.</returns>
    public static async Task<bool> ExecuteAsync(
        CommandRun run,
        OpenRepository open,
        PruneOptions options,
        bool isDryRun,
        CancellationToken cancellationToken
    )
    {
        run.Say("searching for data that is not needed");
        var plan = await PrunePlan.MakeAsync(open.Repository, options, cancellationToken);
        if (isDryRun)
            run.Say("Would have made the following changes:");
        Show(run, plan.Statistics);
        if (isDryRun || plan.IsEmpty)
            return !plan.IsEmpty;
        var held =
            open.Lock
            ?? throw new RepositoryException(
                RepositoryError.Refused,
                "nothing can be pruned without a lock",
                "leave out --no-lock"
            );
        await plan.ExecuteAsync(held, (step, done, all) => Tell(run, step, done, all), cancellationToken);
        run.Say("done");
        return true;
    }

    private static void Show(CommandRun run, PruneStatistics sums)
    {
        run.Say("");
        run.Say(Row("to repack:", sums.Repacked));
        run.Say(Row("this removes:", sums.RemovedByRepack));
        run.Say(Row("to delete:", sums.Removed));
        run.Say(Row("total prune:", sums.Total));
        run.Say(Row("remaining:", sums.Remaining));
        var share = sums.Remaining.Bytes == 0 ? "0.00%" : Amounts.Percent(sums.UnusedAfter, sums.Remaining.Bytes);
        run.Say($"unused size after prune: {Amounts.Bytes(sums.UnusedAfter)} ({share} of remaining size)");
        run.Say("");
    }

    private static string Row(string title, BlobSum sum) =>
        $"{title, -16} {sum.Blobs, 7} blobs / {Amounts.Bytes(sum.Bytes)}";

    private static void Tell(CommandRun run, PruneStep step, int done, int all)
    {
        var what = step switch
        {
            PruneStep.DeleteUnindexed => "packs without an index deleted",
            PruneStep.Repack => "packs repacked",
            PruneStep.ReplaceIndexes => "indexes replaced",
            _ => "old packs deleted",
        };
        if (done == all)
            run.Say($"{all} {what}");
        else if (run.Talks && run.Streams.IsTerminal)
            run.Out.Status($"{Amounts.Percent(done, all)}  {done} / {all} {what}");
    }
}
