using NectarBackup.Engine;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>The snapshots of a repository, oldest first, and how users name some of them.</summary>
internal sealed class SnapshotList
{
    private const int Readers = 8;

    private SnapshotList(IReadOnlyList<Snapshot> all) => All = all;

    public IReadOnlyList<Snapshot> All { get; }

    /// <summary>
    /// Reads all snapshots; those that cannot be read are told of and left out. Call it before the index is loaded: a snapshot that comes later needs a
    /// later index.
    /// </summary>
    public static async Task<SnapshotList> LoadAsync(
        CommandRun run,
        Repository repository,
        CancellationToken cancellationToken
    )
    {
        var found = new List<Snapshot>();
        await Parallel.ForEachAsync(
            repository.Store.ListAsync(ObjectKind.Snapshot, cancellationToken),
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (info, token) =>
            {
                try
                {
                    var json = await repository.LoadUnpackedAsync(info.Name, token);
                    var snapshot = SnapshotJson.Parse(json, info.Name.Id);
                    lock (found)
                        found.Add(snapshot);
                }
                catch (StoreException e) when (e.IsNotFound)
                {
                    // Forgotten since it was listed.
                }
                catch (RepositoryException e)
                {
                    run.Warn(e.Message);
                }
            }
        );
        return new SnapshotList([.. found.OrderBy(s => s.Time).ThenBy(s => s.Id)]);
    }

    /// <summary>The snapshot that a user means by <c>latest</c>, <c>latest~N</c> or the start of an id.</summary>
    /// <exception cref="RepositoryException">NoSuchItem.</exception>
    public Snapshot Find(string name, SnapshotFilter? filter = null) =>
        SnapshotSelection.Resolve(All, name.ToLowerInvariant(), filter);

    /// <summary>The named snapshots, or all that the filter takes if none is named.</summary>
    public IReadOnlyList<Snapshot> Choose(IReadOnlyCollection<string> names, SnapshotFilter filter) =>
        names.Count == 0
            ? [.. All.Where(filter.Matches)]
            : [.. names.Select(name => Find(name, filter)).DistinctBy(s => s.Id)];
}
