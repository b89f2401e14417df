namespace NectarBackup.Engine.Snapshots;

/// <summary>What snapshots of one group have in common; a part that is not grouped by is null.</summary>
public sealed record SnapshotGroup(
    string? Host,
    IReadOnlyList<string>? Paths,
    IReadOnlyList<string>? Tags,
    IReadOnlyList<Snapshot> Snapshots
);

/// <summary>Parts snapshots into groups, paths and tags regardless of their order (restic <c>data/snapshot_group.go</c>).</summary>
public sealed record SnapshotGrouping(bool ByHost, bool ByPaths, bool ByTags)
{
    /// <summary>restic's: by host and paths.</summary>
    public static SnapshotGrouping Default { get; } = new(true, true, false);

    /// <summary>The groups, each with its newest snapshot first.</summary>
    public IReadOnlyList<SnapshotGroup> Apply(IEnumerable<Snapshot> snapshots) =>
        [
            .. snapshots
                .GroupBy(Key)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new SnapshotGroup(
                    ByHost ? group.First().Hostname ?? "" : null,
                    ByPaths ? Sorted(group.First().Paths) : null,
                    ByTags ? Sorted(group.First().Tags) : null,
                    [.. group.OrderByDescending(s => s.Time)]
                )),
        ];

    // No part of a key holds NUL: neither paths nor host names can, and a tag with one only makes groups meet.
    private string Key(Snapshot snapshot) =>
        string.Join(
            "\0\0",
            ByHost ? snapshot.Hostname : "",
            ByPaths ? string.Join('\0', Sorted(snapshot.Paths)) : "",
            ByTags ? string.Join('\0', Sorted(snapshot.Tags)) : ""
        );

    private static string[] Sorted(IReadOnlyList<string>? texts) => [.. (texts ?? []).Order(StringComparer.Ordinal)];
}
