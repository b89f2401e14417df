using System.CommandLine;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>diff</c>: what changed between two snapshots.</summary>
internal static class DiffCommand
{
    public static Command Build()
    {
        var first = new Argument<string>("SNAPSHOT[:PATH]");
        var second = new Argument<string>("SNAPSHOT[:PATH] ");
        var metadata = GlobalOptions.Flag("--metadata", "also where only times, owners or permissions changed");
        return new Command("diff", "Show what changed between two snapshots") { first, second, metadata }.Does(
            async (run, cancellationToken) =>
            {
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                await open.Repository.LoadIndexAsync(open.Token);
                var (a, treeA) = await FindAsync(open, list, run.Get(first));
                var (b, treeB) = await FindAsync(open, list, run.Get(second));
                run.Say($"comparing snapshot {a.Id.Short} to {b.Id.Short}:");
                run.Say("");
                var isWhole = true;
                var diff = new SnapshotDiff(open.Repository)
                {
                    WithMetadata = run.Get(metadata),
                    OnFault = (path, cause) =>
                    {
                        isWhole = false;
                        run.Warn($"{BytePath.Display(path.Span)}: {cause.Message}");
                    },
                };
                await foreach (var entry in diff.CompareAsync(treeA, treeB, open.Token))
                    Show(run, entry);
                Finish(run, diff, a, b);
                return isWhole ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static async Task<(Snapshot Snapshot, ObjectId Tree)> FindAsync(
        OpenRepository open,
        SnapshotList list,
        string name
    )
    {
        var (id, path) = SnapshotPath.Split(name);
        var snapshot = list.Find(id);
        return (snapshot, await SnapshotPath.FindTreeAsync(open.Repository, snapshot.Tree, path, open.Token));
    }

    /// <summary>restic's letters: + and -, or any of T, M and U.</summary>
    private static string Letters(DiffKind kind) =>
        kind.HasFlag(DiffKind.Added) ? "+"
        : kind.HasFlag(DiffKind.Removed) ? "-"
        : (kind.HasFlag(DiffKind.TypeChanged) ? "T" : "")
            + (kind.HasFlag(DiffKind.Modified) ? "M" : "")
            + (kind.HasFlag(DiffKind.MetadataChanged) && !kind.HasFlag(DiffKind.Modified) ? "U" : "");

    private static void Show(CommandRun run, DiffEntry entry)
    {
        byte[] path = entry.Type == NodeType.Directory ? [.. entry.Path.Span, (byte)'/'] : entry.Path.ToArray();
        if (run.Json)
            run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "change");
                json.WriteString("path", NodeText.Text(path));
                json.WriteString("modifier", Letters(entry.Kind));
                json.WriteEndObject();
            });
        else if (!run.Quiet)
            run.Out.NameLine(Letters(entry.Kind).PadRight(5), path);
    }

    private static void Finish(CommandRun run, SnapshotDiff diff, Snapshot a, Snapshot b)
    {
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "statistics");
                json.WriteString("source_snapshot", a.Id.Short);
                json.WriteString("target_snapshot", b.Id.Short);
                json.WriteNumber("changed_files", diff.ChangedFiles);
                Write(json, "added", diff.Added);
                Write(json, "removed", diff.Removed);
                json.WriteEndObject();
            });
            return;
        }
        run.Say("");
        run.Say(
            $"Files:       {diff.Added.Files, 5} new, {diff.Removed.Files, 5} removed, {diff.ChangedFiles, 5} changed"
        );
        run.Say($"Dirs:        {diff.Added.Directories, 5} new, {diff.Removed.Directories, 5} removed");
        run.Say($"Others:      {diff.Added.Others, 5} new, {diff.Removed.Others, 5} removed");
        run.Say($"Data Blobs:  {diff.Added.DataBlobs, 5} new, {diff.Removed.DataBlobs, 5} removed");
        run.Say($"Tree Blobs:  {diff.Added.TreeBlobs, 5} new, {diff.Removed.TreeBlobs, 5} removed");
        run.Say($"  Added:   {Amounts.Bytes(diff.Added.Bytes)}");
        run.Say($"  Removed: {Amounts.Bytes(diff.Removed.Bytes)}");
    }

    private static void Write(Utf8JsonWriter json, string name, DiffCounts counts)
    {
        json.WriteStartObject(name);
        json.WriteNumber("files", counts.Files);
        json.WriteNumber("dirs", counts.Directories);
        json.WriteNumber("others", counts.Others);
        json.WriteNumber("data_blobs", counts.DataBlobs);
        json.WriteNumber("tree_blobs", counts.TreeBlobs);
        json.WriteNumber("bytes", counts.Bytes);
        json.WriteEndObject();
    }
}
