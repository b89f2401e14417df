using System.Globalization;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>The snapshots of a repository, oldest first, and how users name one of them.</summary>
internal sealed class SnapshotList
{
    private const int Readers = 8;

    private SnapshotList(IReadOnlyList<SnapshotRecord> all) => All = all;

    public IReadOnlyList<SnapshotRecord> All { get; }

    /// <summary>Reads all snapshots. Call it before the index is loaded: a snapshot that comes later needs a later index.</summary>
    /// <param name="repository">Where.</param>
    /// <param name="onDamage">Told of those that cannot be read, which are then missing; null to raise the error.</param>
    /// <param name="cancellationToken">Gives up between two files.</param>
    public static async Task<SnapshotList> LoadAsync(
        Repository repository,
        Action<Exception>? onDamage,
        CancellationToken cancellationToken
    )
    {
        var found = new List<SnapshotRecord>();
        await Parallel.ForEachAsync(
            repository.Store.ListAsync(ObjectKind.Snapshot, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (info, token) =>
            {
                try
                {
                    var snapshot = await SnapshotRecord.LoadAsync(repository, info.Name.Id, token);
                    lock (found)
                        found.Add(snapshot);
                }
                catch (StoreException e) when (e.IsNotFound)
                {
                    // Forgotten since it was listed.
                }
                catch (RepositoryException e) when (onDamage is not null)
                {
                    onDamage(e);
                }
            }
        );
        return new SnapshotList([.. found.OrderBy(s => s.Time).ThenBy(s => s.Id)]);
    }

    /// <summary>
    /// The snapshot that a user means: <c>latest</c> among those that the filter takes, <c>latest~N</c> for one N before it, or the start of an id.
    /// </summary>
    /// <exception cref="RepositoryException">NoSuchItem.</exception>
    public SnapshotRecord Find(string name, SnapshotFilter filter)
    {
        if (name == "latest" || name.StartsWith("latest~", StringComparison.Ordinal))
        {
            var back = 0;
            if (
                name.Length > 6
                && !int.TryParse(name.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out back)
            )
                throw new UsageException($"'{name}' names no snapshot", "write latest~1 for the one before the latest");
            var chosen = All.Where(filter.Takes).ToList();
            return back < chosen.Count
                ? chosen[^(1 + back)]
                : throw new RepositoryException(
                    RepositoryError.NoSuchItem,
                    "no snapshot matches the given filter",
                    "see 'snapshots'"
                );
        }
        var hex = name.ToLowerInvariant();
        var matches =
            hex.Length > 0 ? All.Where(s => s.Id.ToString().StartsWith(hex, StringComparison.Ordinal)).ToList() : [];
        return matches.Count switch
        {
            1 => matches[0],
            0 => throw new RepositoryException(
                RepositoryError.NoSuchItem,
                $"no snapshot's id begins with '{name}'",
                "see 'snapshots'"
            ),
            _ => throw new RepositoryException(
                RepositoryError.NoSuchItem,
                $"{matches.Count} snapshots' ids begin with '{name}'",
                "write more of it"
            ),
        };
    }

    /// <summary>The named snapshots, or all that the filter takes if none is named.</summary>
    public IReadOnlyList<SnapshotRecord> Choose(IReadOnlyCollection<string> names, SnapshotFilter filter) =>
        names.Count == 0 ? [.. All.Where(filter.Takes)] : [.. names.Select(name => Find(name, filter)).Distinct()];
}
