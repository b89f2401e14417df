using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>find</c>: in which snapshots files of a name are.</summary>
internal static class FindCommand
{
    public static Command Build()
    {
        var patterns = GlobalOptions.Rest("PATTERN");
        var ignoreCase = GlobalOptions.Flag("--ignore-case", "names in either case", "-i");
        var isLong = GlobalOptions.Flag("--long", "with permissions, owner, size and time", "-l");
        var human = GlobalOptions.Flag("--human-readable", "sizes in units of 1024");
        var snapshotIds = GlobalOptions.Texts("--snapshot", "look into this snapshot", "SNAPSHOT", "-s");
        var reverse = GlobalOptions.Flag("--reverse", "oldest snapshots first", "-R");
        var command = new Command("find", "Find files in snapshots")
        {
            patterns,
            ignoreCase,
            isLong,
            human,
            snapshotIds,
            reverse,
        };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var rules = Rules(run.Get(patterns), run.Get(ignoreCase));
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var chosen = list.Choose(run.Get(snapshotIds), filter).OrderBy(s => s.Time).ToList();
                if (!run.Get(reverse))
                    chosen.Reverse();
                await open.Repository.LoadIndexAsync(open.Token);
                using var report = new FindReport(run, run.Get(isLong), run.Get(human));
                foreach (var snapshot in chosen)
                    await SearchAsync(open.Repository, snapshot, rules, report, open.Token);
                return report.IsWhole ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    /// <summary>The patterns of restic's <c>--include</c>, which <c>find</c> shares.</summary>
    private static IncludeRules Rules(string[] patterns, bool ignoreCase)
    {
        if (patterns.Length == 0)
            throw new UsageException("no pattern is given", "name a file, or a pattern such as '*.txt'");
        try
        {
            var rules = new IncludeRules();
            foreach (var pattern in patterns.Select(RawArguments.BytesOf))
                if (ignoreCase)
                    rules.AddPatternIgnoringCase(pattern);
                else
                    rules.AddPattern(pattern);
            return rules;
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static async Task SearchAsync(
        Repository repository,
        Snapshot snapshot,
        IncludeRules rules,
        FindReport report,
        CancellationToken token
    )
    {
        report.Begin(snapshot);
        var walk = new TreeWalk(repository, snapshot.Tree, "/"u8.ToArray());
        for (TreeStep step; (step = await walk.NextAsync(token)) != TreeStep.End; )
        {
            if (step == TreeStep.Fault)
                report.Fault(walk.Path.Span, walk.Fault);
            if (step is TreeStep.Entry or TreeStep.Enter && rules.IsIncluded(walk.Path.Span))
                report.Add(walk.Node, walk.Path.Span);
            if (step == TreeStep.Enter && !rules.IsIncluded(walk.Path.Span) && !rules.MayIncludeBelow(walk.Path.Span))
                walk.Skip();
        }
        report.End(snapshot);
    }
}
