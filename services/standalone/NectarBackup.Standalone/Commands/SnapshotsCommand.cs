using System.CommandLine;
using NectarBackup.Engine.Snapshots;
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
        var groupBy = GlobalOptions.Text("--group-by", "group by host, paths or tags, as host,paths", "WORDS", "-g");
        var compact = GlobalOptions.Flag("--compact", "without paths", "-c");
        var command = new Command("snapshots", "List snapshots") { ids, latest, groupBy, compact };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var filter = filterOptions.Read(run);
                var grouping = run.Get(groupBy) is { } words ? SnapshotFilterOptions.ParseGrouping(words) : null;
                int? last = run.Get(latest) is { } count ? Durations.ParseCount(count, latest.Name) : null;
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var chosen = list.Choose(run.Get(ids), filter);
                if (last is { } n)
                    chosen = LastOf(chosen, grouping ?? SnapshotGrouping.Default, n);
                Show(run, chosen, grouping, run.Get(compact));
                return ExitCode.Ok;
            }
        );
    }

    private static List<Snapshot> LastOf(IReadOnlyList<Snapshot> all, SnapshotGrouping grouping, int count) =>
        [
            .. grouping
                .Apply(all)
                .SelectMany(group => group.Snapshots.Take(count))
                .OrderBy(s => s.Time)
                .ThenBy(s => s.Id),
        ];

    private static void Show(CommandRun run, IReadOnlyList<Snapshot> chosen, SnapshotGrouping? grouping, bool isCompact)
    {
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartArray();
                if (grouping is null or { ByHost: false, ByPaths: false, ByTags: false })
                    foreach (var snapshot in chosen)
                        SnapshotText.Write(json, snapshot);
                else
                    foreach (var group in grouping.Apply(chosen))
                    {
                        json.WriteStartObject();
                        json.WritePropertyName("group_key");
                        SnapshotText.WriteKey(json, group);
                        json.WriteStartArray("snapshots");
                        foreach (var snapshot in group.Snapshots.Reverse())
                            SnapshotText.Write(json, snapshot);
                        json.WriteEndArray();
                        json.WriteEndObject();
                    }
                json.WriteEndArray();
            });
            return;
        }
        if (grouping is null or { ByHost: false, ByPaths: false, ByTags: false })
        {
            Print(run, chosen, isCompact);
            return;
        }
        foreach (var group in grouping.Apply(chosen))
        {
            run.Out.Line($"snapshots for ({SnapshotText.Key(group)}):");
            Print(run, [.. group.Snapshots.Reverse()], isCompact);
        }
    }

    private static void Print(CommandRun run, IReadOnlyCollection<Snapshot> snapshots, bool isCompact)
    {
        if (snapshots.Count == 0)
            return;
        foreach (var line in SnapshotTable.Lines(snapshots, isCompact))
            run.Out.Line(line);
    }
}
