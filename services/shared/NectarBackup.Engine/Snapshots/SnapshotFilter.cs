namespace NectarBackup.Engine.Snapshots;

/// <summary>Which snapshots are meant; an empty list does not limit.</summary>
/// <param name="Hosts">One of these.</param>
/// <param name="Tags">All tags of one of these lists.</param>
/// <param name="Paths">Every one of these is among the snapshot's paths.</param>
public sealed record SnapshotFilter(
    IReadOnlyList<string> Hosts,
    IReadOnlyList<IReadOnlyList<string>> Tags,
    IReadOnlyList<string> Paths
)
{
    public static SnapshotFilter All { get; } = new([], [], []);

    public bool Matches(Snapshot snapshot) =>
        (Hosts.Count == 0 || Hosts.Contains(snapshot.Hostname ?? ""))
        && (Tags.Count == 0 || Tags.Any(snapshot.HasTags))
        && Paths.All(path => snapshot.Paths?.Contains(path) == true);
}

/// <summary>Finds the snapshot that a text means: <c>latest</c>, <c>latest~2</c>, an id or its beginning.</summary>
public static class SnapshotSelection
{
    /// <param name="snapshots">All of the repository; the filter applies to <c>latest</c> only.</param>
    /// <exception cref="RepositoryException"><see cref="RepositoryError.NoSuchItem"/>: none, or more than one.</exception>
    public static Snapshot Resolve(IEnumerable<Snapshot> snapshots, string text, SnapshotFilter? filter = null)
    {
        const string latest = "latest";
        if (text == latest || text.StartsWith(latest + "~", StringComparison.Ordinal))
        {
            var back = 0;
            if (
                text != latest
                && !int.TryParse(text.AsSpan(latest.Length + 1), System.Globalization.NumberStyles.None, null, out back)
            )
                throw NoSuch($"'{text}' is no snapshot: a number must follow '~'");
            var ordered = snapshots.Where((filter ?? SnapshotFilter.All).Matches).OrderByDescending(s => s.Time);
            return ordered.ElementAtOrDefault(back) ?? throw NoSuch($"there is no snapshot '{text}'");
        }
        var found =
            text.Length == 0
                ? []
                : snapshots.Where(s => s.Id.ToString().StartsWith(text, StringComparison.Ordinal)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw NoSuch($"there is no snapshot '{text}'"),
            _ => throw NoSuch(
                $"'{text}' may be any of {string.Join(", ", found.Take(10).Select(s => s.Id.ToString()[..Math.Min(64, text.Length + 8)]))}"
            ),
        };
    }

    private static RepositoryException NoSuch(string message) =>
        new(RepositoryError.NoSuchItem, message, "'snapshots' lists what there is");
}
