using NectarBackup.Engine;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>Snapshots as a table for people (restic <c>cmd_snapshots.go:PrintSnapshots</c>).</summary>
internal static class SnapshotTable
{
    /// <param name="snapshots">In the order of the lines.</param>
    /// <param name="isCompact">Without paths.</param>
    /// <param name="reasons">Why retention keeps each; null for no such column.</param>
    public static IEnumerable<string> Lines(
        IReadOnlyCollection<Snapshot> snapshots,
        bool isCompact,
        IReadOnlyDictionary<ObjectId, IReadOnlyList<string>>? reasons = null
    )
    {
        var titles = new List<string>
        {
            "ID",
            "Time",
            isCompact ? "Host" : "Host      ",
            isCompact ? "Tags" : "Tags      ",
        };
        if (reasons is not null)
            titles.Add("Reasons");
        if (!isCompact)
            titles.Add("Paths");
        titles.Add("Size");
        var table = new Table([.. titles]);
        foreach (var snapshot in snapshots)
        {
            var cells = new List<string[]>
            {
                new[] { snapshot.Id.Short },
                new[] { Times.Show(snapshot.Time) },
                new[] { snapshot.Hostname ?? "" },
                new[] { string.Join(",", snapshot.Tags ?? []) },
            };
            if (reasons is not null)
                cells.Add([.. reasons.GetValueOrDefault(snapshot.Id) ?? []]);
            if (!isCompact)
                cells.Add([.. snapshot.Paths ?? []]);
            cells.Add([snapshot.Summary is { } summary ? Amounts.Bytes(summary.TotalBytesProcessed) : ""]);
            table.Add([.. cells]);
        }
        return table.Lines($"{snapshots.Count} snapshots");
    }
}
