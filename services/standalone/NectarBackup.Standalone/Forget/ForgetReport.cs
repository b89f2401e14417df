using System.Text.Json;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Forget;

/// <summary>What <c>forget</c> tells: a table of what stays, and why, and one of what goes (restic <c>cmd_forget.go</c>).</summary>
internal sealed class ForgetReport(CommandRun run, bool isCompact, bool isDryRun)
{
    public void Show(ForgetPlan plan)
    {
        if (run.Json)
            run.Out.Json(json => Write(json, plan));
        foreach (var group in plan.Groups)
            Show(group);
    }

    public void Finish(List<Snapshot> removed)
    {
        if (removed.Count == 0)
            return;
        var verb = isDryRun ? "Would have removed" : "removed";
        run.Say($"{verb} {removed.Count} snapshots: {string.Join(' ', removed.Select(s => s.Id.Short))}");
    }

    private void Show(ForgetGroup group)
    {
        var key = SnapshotText.Key(group.Group);
        if (key.Length > 0)
            run.Say($"snapshots for ({key}):");
        run.Say($"keep {group.Keep.Count} snapshots:");
        var reasons = group.Keep.ToDictionary(kept => kept.Snapshot.Id, kept => kept.Reasons);
        foreach (
            var line in SnapshotTable.Lines([.. group.Keep.Select(kept => kept.Snapshot).Reverse()], isCompact, reasons)
        )
            run.Say(line);
        run.Say("");
        if (group.Remove.Count == 0)
            return;
        run.Say($"remove {group.Remove.Count} snapshots:");
        foreach (var line in SnapshotTable.Lines([.. group.Remove.Reverse()], isCompact))
            run.Say(line);
        run.Say("");
    }

    private static void Write(Utf8JsonWriter json, ForgetPlan plan)
    {
        json.WriteStartArray();
        foreach (var group in plan.Groups)
        {
            json.WriteStartObject();
            SnapshotText.WriteList(json, "tags", group.Group.Tags);
            json.WriteString("host", group.Group.Host ?? "");
            SnapshotText.WriteList(json, "paths", group.Group.Paths);
            WriteAll(json, "keep", [.. group.Keep.Select(kept => kept.Snapshot)]);
            WriteAll(json, "remove", group.Remove);
            json.WriteStartArray("reasons");
            foreach (var kept in group.Keep)
            {
                json.WriteStartObject();
                json.WritePropertyName("snapshot");
                SnapshotText.Write(json, kept.Snapshot);
                SnapshotText.WriteList(json, "matches", kept.Reasons);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteAll(Utf8JsonWriter json, string name, IReadOnlyList<Snapshot> snapshots)
    {
        if (snapshots.Count == 0)
        {
            json.WriteNull(name);
            return;
        }
        json.WriteStartArray(name);
        foreach (var snapshot in snapshots)
            SnapshotText.Write(json, snapshot);
        json.WriteEndArray();
    }
}
