using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Snapshots;

/// <summary>Reads, writes and replaces snapshot files.</summary>
public static class SnapshotFiles
{
    /// <exception cref="RepositoryException">Damaged.</exception>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public static async Task<Snapshot> LoadAsync(
        Repository repository,
        ObjectId id,
        CancellationToken cancellationToken
    ) =>
        SnapshotJson.Parse(
            await repository.LoadUnpackedAsync(new ObjectName(ObjectKind.Snapshot, id), cancellationToken),
            id
        );

    /// <summary>All snapshots, the oldest first. Load them before the index: then the index has all that they need.</summary>
    /// <exception cref="RepositoryException">Damaged: one of them cannot be read.</exception>
    public static async Task<List<Snapshot>> LoadAllAsync(Repository repository, CancellationToken cancellationToken)
    {
        var ids = new List<ObjectId>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Snapshot, cancellationToken))
            ids.Add(info.Name.Id);
        var all = new Snapshot[ids.Count];
        await Parallel.ForAsync(
            0,
            ids.Count,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
            async (i, token) => all[i] = await LoadAsync(repository, ids[i], token)
        );
        return [.. all.OrderBy(static s => s.Time).ThenBy(static s => s.Id)];
    }

    /// <returns>The new file's id.</returns>
    public static Task<ObjectId> SaveAsync(
        Repository repository,
        Snapshot snapshot,
        CancellationToken cancellationToken
    ) => repository.SaveUnpackedAsync(ObjectKind.Snapshot, SnapshotJson.Serialize(snapshot), cancellationToken);

    /// <summary>Stores a changed snapshot that remembers its first id.</summary>
    /// <param name="repository">Where it is.</param>
    /// <param name="old">As it is stored.</param>
    /// <param name="changed">As it shall be.</param>
    /// <param name="forget">Delete the old file, once the new one is stored.</param>
    /// <param name="cancellationToken">Stops between the two.</param>
    /// <returns>The new id.</returns>
    internal static async Task<ObjectId> RewriteAsync(
        Repository repository,
        Snapshot old,
        Snapshot changed,
        bool forget,
        CancellationToken cancellationToken
    )
    {
        var id = await SaveAsync(repository, changed with { Original = old.Original ?? old.Id }, cancellationToken);
        if (forget)
            await repository.Store.DeleteAsync(new ObjectName(ObjectKind.Snapshot, old.Id), cancellationToken);
        return id;
    }
}
