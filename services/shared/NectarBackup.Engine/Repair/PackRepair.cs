using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Repair;

/// <summary>What was saved of a damaged pack.</summary>
/// <param name="Pack">Its id.</param>
/// <param name="Saved">Blobs that are in a new pack now.</param>
/// <param name="Lost">Blobs that cannot be read; another pack may still have them.</param>
public sealed record PackSalvage(ObjectId Pack, int Saved, IReadOnlyList<ObjectId> Lost);

/// <summary>
/// Saves what is readable of damaged packs (restic <c>internal/repository/repair_pack.go</c>): every blob that the header or the index lists and that proves right goes to a new
/// pack; then the index forgets the damaged packs, and only then they are deleted. So no readable blob is ever without a place.
/// </summary>
public static class PackRepair
{
    /// <param name="repository">Its index in memory is loaded again before, and is to be loaded again afterwards.</param>
    /// <param name="packs">The damaged packs; one that is missing is only taken out of the index.</param>
    /// <param name="time">The clock of the index.</param>
    /// <param name="held">The exclusive lock.</param>
    /// <param name="cancellationToken">Stops between two blobs; nothing is deleted then.</param>
    /// <exception cref="RepositoryException">NoSuchItem: a pack is neither in the index nor in the store. Nothing was changed.</exception>
    /// <exception cref="StoreException">A pack could not be read for other reasons than damage. Nothing was deleted.</exception>
    public static Task<List<PackSalvage>> RunAsync(
        Repository repository,
        IReadOnlySet<ObjectId> packs,
        TimeProvider time,
        RepositoryLock held,
        CancellationToken cancellationToken
    ) => Crew.UnderLockAsync(token => RunAsync(repository, packs, time, token), held.Lost, cancellationToken);

    internal static async Task<List<PackSalvage>> RunAsync(
        Repository repository,
        IReadOnlySet<ObjectId> packs,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var files = await IndexFiles.LoadAsync(repository, tolerant: false, cancellationToken);
        var contents = new PackContents(repository.Index);
        var lengths = new Dictionary<ObjectId, long>();
        foreach (var pack in packs)
        {
            var name = new ObjectName(ObjectKind.Pack, pack);
            lengths[pack] = await repository.Store.FindLengthAsync(name, cancellationToken) ?? -1;
            if (lengths[pack] < 0 && !repository.Index.ContainsPack(pack))
                throw new RepositoryException(RepositoryError.NoSuchItem, $"there is no pack {pack}");
        }
        var report = new List<PackSalvage>();
        await using (var store = new PackStore(repository, 2, time, cancellationToken))
        {
            using var appender = new PackAppender(repository, store);
            foreach (var pack in packs)
            {
                var listed = await ListBlobsAsync(repository, contents, pack, lengths[pack], cancellationToken);
                report.Add(await SalvageAsync(repository, pack, lengths[pack], listed, appender, cancellationToken));
            }
            appender.Finish();
            await store.FinishAsync(cancellationToken);
        }
        var dropped = packs.Select(repository.Index.FindPack).ToHashSet();
        await files.ReplaceAsync(
            repository,
            contents,
            files.Affected(dropped.Contains),
            dropped.Contains,
            cancellationToken
        );
        await IndexFiles.DeleteAsync(repository, ObjectKind.Pack, packs, cancellationToken);
        return report;
    }

    /// <summary>What the header lists, if it can be read, and what the index does.</summary>
    private static async Task<List<PackBlob>> ListBlobsAsync(
        Repository repository,
        PackContents contents,
        ObjectId pack,
        long length,
        CancellationToken cancellationToken
    )
    {
        var number = repository.Index.FindPack(pack);
        var blobs = number >= 0 ? contents.BlobsOf(number) : [];
        if (length >= 0)
        {
            try
            {
                blobs.AddRange(await PackReader.ReadHeaderAsync(repository, pack, length, cancellationToken));
            }
            catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
            {
                // The index may still say where the blobs are.
            }
        }
        return [.. blobs.Distinct().OrderBy(static b => b.Offset)];
    }

    private static async Task<PackSalvage> SalvageAsync(
        Repository repository,
        ObjectId pack,
        long length,
        List<PackBlob> blobs,
        PackAppender appender,
        CancellationToken cancellationToken
    )
    {
        var name = new ObjectName(ObjectKind.Pack, pack);
        var saved = new HashSet<(BlobType, ObjectId)>();
        foreach (var blob in blobs)
        {
            if ((long)blob.Offset + blob.Length > length || saved.Contains((blob.Type, blob.Id)))
                continue;
            var stored = new byte[blob.Length];
            await repository.Store.ReadAsync(name, blob.Offset, stored, cancellationToken);
            try
            {
                repository.Blobs.Open(blob, stored, pack);
            }
            catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
            {
                continue;
            }
            appender.AppendSealed(blob, stored);
            saved.Add((blob.Type, blob.Id));
        }
        var lost = blobs.Where(b => !saved.Contains((b.Type, b.Id))).Select(static b => b.Id).Distinct();
        return new PackSalvage(pack, saved.Count, [.. lost]);
    }
}
