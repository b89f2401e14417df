using System.CommandLine;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>The options of a <see cref="SnapshotFilter"/>, for the commands that choose snapshots.</summary>
internal sealed class SnapshotFilterOptions
{
    private readonly Option<string[]> _hosts;
    private readonly Option<string[]> _tags = GlobalOptions.Texts(
        "--tag",
        "only snapshots with all these tags",
        "TAG[,TAG]..."
    );
    private readonly Option<string[]> _paths = GlobalOptions.Texts(
        "--path",
        "only snapshots that include this absolute path",
        "PATH"
    );

    /// <summary>Adds the options; <c>-H</c> is another option's letter in some commands.</summary>
    public SnapshotFilterOptions(Command command, bool hasLetter = true)
    {
        _hosts = GlobalOptions.Texts(
            "--host",
            "only snapshots of this host (default: $NECTAR_HOST, else all)",
            "HOST",
            hasLetter ? ["-H"] : []
        );
        command.Add(_hosts);
        command.Add(_tags);
        command.Add(_paths);
    }

    public SnapshotFilter Read(CommandRun run)
    {
        var hosts = run.Get(_hosts);
        if (!run.IsGiven(_hosts) && Variables.Find("HOST") is { } host)
            hosts = [host];
        return new SnapshotFilter(
            [.. hosts.Where(name => name.Length > 0)],
            [.. run.Get(_tags).Select(SplitTags)],
            run.Get(_paths)
        );
    }

    /// <summary>The tags of one option, which may hold several.</summary>
    public static string[] SplitTags(string list) => [.. list.Split(',').Select(tag => tag.Trim())];

    /// <summary><c>--group-by</c>: any of host, paths and tags, or none.</summary>
    /// <exception cref="UsageException">Another word.</exception>
    public static SnapshotGrouping ParseGrouping(string text)
    {
        var words = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var word in words)
            if (word is not ("host" or "hosts" or "path" or "paths" or "tag" or "tags"))
                throw new UsageException($"snapshots cannot be grouped by '{word}'", "use host, paths or tags");
        return new SnapshotGrouping(
            words.Any(word => word.StartsWith("host", StringComparison.Ordinal)),
            words.Any(word => word.StartsWith("path", StringComparison.Ordinal)),
            words.Any(word => word.StartsWith("tag", StringComparison.Ordinal))
        );
    }
}
