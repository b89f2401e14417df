using System.CommandLine;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>snapshots</c>: which snapshots there are.</summary>
internal static class SnapshotsCommand
{
    public static Command Build()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var latest = GlobalOptions.Text("--latest", "only the last N of each host and paths", "N");
        var groupBy = GlobalOptions.Text("--group-by", "part by host, paths and tags", "WORDS", "-g");
        var compact = GlobalOptions.Flag("--compact", "without paths", "-c");
        var command = new Command("snapshots", "List snapshots") { ids, latest, groupBy, compact };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var filter = filterOptions.Read(run);
                var grouping = run.Get(groupBy) is { } words ? SnapshotGrouping.Parse(words) : null;
                int? last = run.Get(latest) is { } count ? Durations.ParseCount(count, latest.Name) : null;
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(open.Repository, e => run.Warn(e.Message), open.Token);
                var chosen = list.Choose(run.Get(ids), filter);
                if (last is { } n)
                    chosen = LastOf(chosen, grouping ?? SnapshotGrouping.Usual, n);
                Show(run, chosen, grouping, run.Get(compact));
                return ExitCode.Ok;
            }
        );
    }

    private static List<SnapshotRecord> LastOf(
        IReadOnlyList<SnapshotRecord> all,
        SnapshotGrouping grouping,
        int count
    ) =>
        [
            .. grouping
                .Group(all)
                .SelectMany(group => group.Snapshots.TakeLast(count))
                .OrderBy(s => s.Time)
                .ThenBy(s => s.Id),
        ];

    private static void Show(
        CommandRun run,
        IReadOnlyList<SnapshotRecord> chosen,
        SnapshotGrouping? grouping,
        bool isCompact
    )
    {
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartArray();
                if (grouping is null || grouping.IsNone)
                    foreach (var snapshot in chosen)
                        snapshot.Write(json);
                else
                    foreach (var (key, snapshots) in grouping.Group(chosen))
                    {
                        json.WriteStartObject();
                        json.WritePropertyName("group_key");
                        key.Write(json);
                        json.WriteStartArray("snapshots");
                        foreach (var snapshot in snapshots)
                            snapshot.Write(json);
                        json.WriteEndArray();
                        json.WriteEndObject();
                    }
                json.WriteEndArray();
            });
            return;
        }
        if (grouping is null || grouping.IsNone)
        {
            Print(run, chosen, isCompact);
            return;
        }
        foreach (var (key, snapshots) in grouping.Group(chosen))
        {
            run.Out.Line($"snapshots for ({key}):");
            Print(run, snapshots, isCompact);
        }
    }

    private static void Print(CommandRun run, IReadOnlyCollection<SnapshotRecord> snapshots, bool isCompact)
    {
        if (snapshots.Count == 0)
            return;
        foreach (var line in SnapshotTable.Lines(snapshots, isCompact))
            run.Out.Line(line);
    }
}
