using System.Text.Json;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>What snapshots have in common within a group; null for what does not part groups.</summary>
internal sealed record SnapshotGroupKey(string? Host, string? Paths, string? Tags)
{
    public IReadOnlyList<string>? PathList { get; init; }

    public IReadOnlyList<string>? TagList { get; init; }

    public void Write(Utf8JsonWriter to)
    {
        to.WriteStartObject();
        to.WriteString("hostname", Host ?? "");
        WriteList(to, "paths", PathList);
        WriteList(to, "tags", TagList);
        to.WriteEndObject();
    }

    internal static void WriteList(Utf8JsonWriter to, string name, IReadOnlyList<string>? list)
    {
        if (list is not { Count: > 0 })
        {
            to.WriteNull(name);
            return;
        }
        to.WriteStartArray(name);
        foreach (var item in list)
            to.WriteStringValue(item);
        to.WriteEndArray();
    }

    public override string ToString() =>
        string.Join(
            ", ",
            new[]
            {
                Host is null ? null : $"host [{Host}]",
                TagList is null ? null : $"tags [{string.Join(", ", TagList)}]",
                PathList is null ? null : $"paths [{string.Join(", ", PathList)}]",
            }.Where(part => part is not null)
        );
}

/// <summary><c>--group-by</c>: any of host, paths and tags.</summary>
internal sealed record SnapshotGrouping(bool ByHost, bool ByPaths, bool ByTags)
{
    public static SnapshotGrouping Usual { get; } = new(true, true, false);

    public bool IsNone => !ByHost && !ByPaths && !ByTags;

    /// <exception cref="UsageException">Another word.</exception>
    public static SnapshotGrouping Parse(string text)
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

    public SnapshotGroupKey KeyOf(string host, IEnumerable<string> paths, IEnumerable<string> tags)
    {
        string[]? pathList = ByPaths ? [.. paths.Order(StringComparer.Ordinal)] : null;
        string[]? tagList = ByTags ? [.. tags.Order(StringComparer.Ordinal)] : null;
        return new SnapshotGroupKey(
            ByHost ? host : null,
            pathList is null ? null : string.Join('\0', pathList),
            tagList is null ? null : string.Join('\0', tagList)
        )
        {
            PathList = pathList,
            TagList = tagList,
        };
    }

    public SnapshotGroupKey KeyOf(SnapshotRecord snapshot) => KeyOf(snapshot.Host, snapshot.Paths, snapshot.Tags);

    public static bool AreAlike(SnapshotGroupKey a, SnapshotGroupKey b) =>
        (a.Host, a.Paths, a.Tags) == (b.Host, b.Paths, b.Tags);

    /// <summary>The groups in order of their keys.</summary>
    public IEnumerable<(SnapshotGroupKey Key, List<SnapshotRecord> Snapshots)> Group(
        IEnumerable<SnapshotRecord> snapshots
    ) =>
        snapshots
            .Select(snapshot => (Key: KeyOf(snapshot), Snapshot: snapshot))
            .GroupBy(pair => (pair.Key.Host, pair.Key.Paths, pair.Key.Tags))
            .OrderBy(group => group.Key.Host, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Paths, StringComparer.Ordinal)
            .ThenBy(group => group.Key.Tags, StringComparer.Ordinal)
            .Select(group => (group.First().Key, group.Select(pair => pair.Snapshot).ToList()));
}
