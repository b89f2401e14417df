using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>tag</c>: changes the tags of snapshots.</summary>
internal static class TagCommand
{
    public static Command Build()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var set = GlobalOptions.Texts("--set", "replace all tags by these", "TAG[,TAG]...");
        var add = GlobalOptions.Texts("--add", "add these tags", "TAG[,TAG]...");
        var remove = GlobalOptions.Texts("--remove", "remove these tags", "TAG[,TAG]...");
        var command = new Command("tag", "Change the tags of snapshots") { ids, set, add, remove };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var change = new TagChange(run.IsGiven(set) ? Tags(run, set) : null, Tags(run, add), Tags(run, remove));
                change.Validate();
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Exclusive, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var changed = await SnapshotTags.ChangeAsync(
                    open.Repository,
                    list.Choose(run.Get(ids), filter),
                    change,
                    open.Lock!,
                    open.Token
                );
                Tell(run, changed);
                return ExitCode.Ok;
            }
        );
    }

    private static string[] Tags(CommandRun run, Option<string[]> option) =>
        [.. run.Get(option).SelectMany(SnapshotFilterOptions.SplitTags)];

    private static void Tell(CommandRun run, List<(ObjectId Old, ObjectId New)> changed)
    {
        if (!run.Json)
        {
            run.Say(changed.Count == 0 ? "no snapshots were modified" : $"modified {changed.Count} snapshots");
            return;
        }
        foreach (var (old, copy) in changed)
            run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "changed");
                json.WriteString("old_snapshot_id", old.ToString());
                json.WriteString("new_snapshot_id", copy.ToString());
                json.WriteEndObject();
            });
        run.Out.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("message_type", "summary");
            json.WriteNumber("changed_snapshots", changed.Count);
            json.WriteEndObject();
        });
    }
}
