using System.CommandLine;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>Which snapshots count, by <c>--host</c>, <c>--tag</c> and <c>--path</c> (restic <c>internal/data/snapshot_find.go</c>).</summary>
/// <param name="Hosts">One of them; none: any.</param>
/// <param name="Tags">All of one list, for any list; an empty tag stands for a snapshot without tags.</param>
/// <param name="Paths">All of them.</param>
internal sealed record SnapshotFilter(
    IReadOnlyList<string> Hosts,
    IReadOnlyList<IReadOnlyList<string>> Tags,
    IReadOnlyList<string> Paths
)
{
    public static SnapshotFilter Everything { get; } = new([], [], []);

    public bool IsEmpty => Hosts.Count == 0 && Tags.Count == 0 && Paths.Count == 0;

    public bool Takes(SnapshotRecord snapshot) =>
        (Hosts.Count == 0 || Hosts.Contains(snapshot.Host))
        && (Tags.Count == 0 || Tags.Any(list => HasTags(snapshot, list)))
        && Paths.All(snapshot.Paths.Contains);

    private static bool HasTags(SnapshotRecord snapshot, IReadOnlyList<string> list) =>
        list.All(tag => tag.Length == 0 ? snapshot.Tags.Count == 0 : snapshot.Tags.Contains(tag));
}

/// <summary>The options of a <see cref="SnapshotFilter"/>, for the commands that choose snapshots.</summary>
internal sealed class SnapshotFilterOptions
{
    private readonly Option<string[]> _hosts;
    private readonly Option<string[]> _tags = GlobalOptions.Texts("--tag", "only with all these tags", "TAG[,TAG]...");
    private readonly Option<string[]> _paths = GlobalOptions.Texts("--path", "only with this path", "PATH");

    /// <summary>Adds the options; <c>-H</c> is another option's letter in some commands.</summary>
    public SnapshotFilterOptions(Command command, bool hasLetter = true)
    {
        _hosts = GlobalOptions.Texts("--host", "only of this host ($NECTAR_HOST)", "HOST", hasLetter ? ["-H"] : []);
        command.Add(_hosts);
        command.Add(_tags);
        command.Add(_paths);
    }

    public SnapshotFilter Read(CommandRun run)
    {
        var hosts = run.Get(_hosts);
        if (!run.IsGiven(_hosts) && Opening.Variables.Find("HOST") is { } host)
            hosts = [host];
        return new SnapshotFilter(
            [.. hosts.Where(name => name.Length > 0)],
            [.. run.Get(_tags).Select(SplitTags)],
            run.Get(_paths)
        );
    }

    /// <summary>The tags of one option, which may hold several.</summary>
    public static string[] SplitTags(string list) => [.. list.Split(',').Select(tag => tag.Trim())];
}
