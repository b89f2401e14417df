using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Prune;

/// <summary>
/// What a prune is going to do, as data: nothing is changed before <see cref="ExecuteAsync"/> (restic design and <c>internal/repository/prune.go</c>). In steps:
/// <list type="number">
/// <item>All snapshots are read, then all indexes, then all trees: what they need is used. Whatever cannot be read ends the plan.</item>
/// <item>For each used blob one place is kept; it must lie in a pack that is there with the size that its entries say.</item>
/// <item>Packs without used blobs go; of those that are partly used some are repacked.</item>
/// <item>Execution: packs that no index names are deleted; used blobs are copied to new packs, each one proved, and indexed; new index files replace
/// those that name old packs; only then old packs are deleted.</item>
/// </list>
/// A crash at any point leaves a sound repository with garbage in it that the next prune finds.
/// </summary>
public sealed class PrunePlan
{
    private readonly Repository _repository;
    private readonly PruneOptions _options;
    private readonly IndexFiles _indexes;
    private readonly PackContents _contents;
    private readonly PackUses _uses;
    private readonly PackFate[] _fates;
    private readonly List<ObjectInfo> _unindexed;

    private PrunePlan(
        Repository repository,
        PruneOptions options,
        IndexFiles indexes,
        PackContents contents,
        PackUses uses,
        List<ObjectInfo> unindexed
    )
    {
        (_repository, _options, _indexes) = (repository, options, indexes);
        (_contents, _uses, _unindexed) = (contents, uses, unindexed);
        _fates = RepackChoice.Decide(uses.Packs, repository.Index.PackAt, options, repository.Config.Version);
        Statistics = SumUp();
    }

    public PruneStatistics Statistics { get; }

    /// <summary>Packs that are deleted as they are: unused ones, and those that no index names.</summary>
    public IReadOnlyList<ObjectId> PacksToDelete =>
        [.. _unindexed.Select(static info => info.Name.Id), .. PacksOf(PackFate.Remove)];

    /// <summary>Packs of which the used blobs are copied to new packs, before they are deleted.</summary>
    public IReadOnlyList<ObjectId> PacksToRepack => [.. PacksOf(PackFate.Repack)];

    /// <summary>Nothing can be gained.</summary>
    public bool IsEmpty => _unindexed.Count == 0 && !Array.Exists(_fates, static f => f != PackFate.Keep);

    private IEnumerable<ObjectId> PacksOf(PackFate fate) =>
        Enumerable.Range(0, _fates.Length).Where(i => _fates[i] == fate).Select(_repository.Index.PackAt);

    /// <summary>Makes the plan; the repository's index is loaded again for it. The caller holds an exclusive lock from before on until the plan is executed.</summary>
    /// <exception cref="RepositoryException">
    /// Damaged: a snapshot, index or tree cannot be read, a used blob is not indexed, or its pack is missing or of the wrong size. Refused: the options make no sense.
    /// </exception>
    /// <exception cref="StoreException">Something cannot be read.</exception>
    public static async Task<PrunePlan> MakeAsync(
        Repository repository,
        PruneOptions options,
        CancellationToken cancellationToken
    )
    {
        if (options.RepackUncompressed && (repository.Config.Version < 2 || options.RepackCacheableOnly))
            throw new RepositoryException(
                RepositoryError.Refused,
                "compressing what is not compressed takes format version 2, and excludes repacking trees only"
            );
        var snapshots = await SnapshotFiles.LoadAllAsync(repository, cancellationToken);
        var indexes = await IndexFiles.LoadAsync(repository, tolerant: false, cancellationToken);
        var used = await UsedBlobs.FindAsync(
            repository,
            snapshots.Select(static s => s.Tree).Distinct(),
            options.Workers,
            cancellationToken
        );
        var lengths = new Dictionary<ObjectId, long>();
        var unindexed = new List<ObjectInfo>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Pack, cancellationToken))
        {
            if (repository.Index.ContainsPack(info.Name.Id))
                lengths.Add(info.Name.Id, info.Length);
            else
                unindexed.Add(info);
        }
        var contents = new PackContents(repository.Index);
        return new PrunePlan(repository, options, indexes, contents, PackUses.Find(contents, used, lengths), unindexed);
    }

    private PruneStatistics SumUp()
    {
        BlobSum used = new(),
            duplicate = new(),
            unused = new(),
            removed = new(),
            repacked = new(),
            gone = new();
        var sums = new PruneStatistics
        {
            PacksUnindexed = _unindexed.Count,
            UnindexedBytes = _unindexed.Sum(static info => info.Length),
        };
        for (var i = 0; i < _fates.Length; i++)
        {
            ref var pack = ref _uses.Packs[i];
            if (_fates[i] == PackFate.Missing)
                continue;
            used.Add(pack.Used);
            duplicate.Add(pack.Duplicate);
            unused.Add(pack.Unused);
            var waste = new BlobSum(pack.Unused.Blobs + pack.Duplicate.Blobs, pack.Waste);
            if (pack.Used.Blobs == 0)
                sums.PacksUnused++;
            else if (waste.Blobs > 0)
                sums.PacksPartlyUsed++;
            else
                sums.PacksUsed++;
            switch (_fates[i])
            {
                case PackFate.Remove:
                    sums.PacksRemoved++;
                    removed.Add(waste);
                    break;
                case PackFate.Repack:
                    sums.PacksRepacked++;
                    repacked.Add(pack.Used);
                    repacked.Add(waste);
                    gone.Add(waste);
                    break;
                default:
                    sums.PacksKept++;
                    if (pack.HasRawData)
                        foreach (var blob in _contents.BlobsOf(i))
                            sums.UncompressedBytes += blob.IsCompressed ? 0 : PackUses.SizeOf(blob);
                    break;
            }
        }
        (sums.Used, sums.Duplicate, sums.Unused) = (used, duplicate, unused);
        (sums.Removed, sums.Repacked, sums.RemovedByRepack) = (removed, repacked, gone);
        return sums;
    }

    /// <summary>
    /// Does it. Afterwards the repository's index in memory still names what is gone: it is to be loaded again before anything else is done.
    /// </summary>
    /// <param name="held">The exclusive lock; when it is lost, nothing more is written or deleted.</param>
    /// <param name="progress">Told of each step: what is done, how many of how many.</param>
    /// <param name="cancellationToken">Stops between two steps; what is done by then stays valid.</param>
    /// <exception cref="RepositoryException">Damaged: a used blob turned out to be damaged in all its places. No pack in use was deleted.</exception>
    public Task ExecuteAsync(
        RepositoryLock held,
        Action<PruneStep, int, int>? progress,
        CancellationToken cancellationToken
    ) => ExecuteUntilAsync(progress, held.Lost, cancellationToken);

    internal Task ExecuteUntilAsync(
        Action<PruneStep, int, int>? progress,
        CancellationToken lost,
        CancellationToken cancellationToken
    ) =>
        Crew.UnderLockAsync(
            async token =>
            {
                var unindexed = _unindexed.Select(static info => info.Name.Id).ToArray();
                await DeletePacksAsync(PruneStep.DeleteUnindexed, unindexed, progress, token);
                await RepackAsync(progress, lost, token);
                await ReplaceIndexesAsync(progress, token);
                ObjectId[] old = [.. PacksOf(PackFate.Remove), .. PacksOf(PackFate.Repack)];
                await DeletePacksAsync(PruneStep.DeleteOld, old, progress, token);
                return true;
            },
            lost,
            cancellationToken
        );

    private async Task RepackAsync(
        Action<PruneStep, int, int>? progress,
        CancellationToken lost,
        CancellationToken cancellationToken
    )
    {
        var old = Enumerable.Range(0, _fates.Length).Where(i => _fates[i] == PackFate.Repack).ToList();
        if (old.Count == 0)
            return;
        await using var packs = new PackStore(_repository, _options.Connections, _options.Time, cancellationToken);
        using var appender = new PackAppender(_repository, packs);
        var done = 0;
        try
        {
            await Crew.ForEachAsync(
                old,
                _options.Workers,
                () => new BlobMover(_repository, _repository, appender),
                async (mover, pack, token) =>
                {
                    var id = _repository.Index.PackAt(pack);
                    await mover.MoveAsync(id, KeptBlobsOf(pack), _options.RepackUncompressed, token);
                    progress?.Invoke(PruneStep.Repack, Interlocked.Increment(ref done), old.Count);
                },
                cancellationToken
            );
            appender.Finish();
            await packs.FinishAsync(cancellationToken);
        }
        catch when (!lost.IsCancellationRequested)
        {
            await packs.SalvageAsync(); // the next prune goes on from there
            throw;
        }
    }

    private List<PackBlob> KeptBlobsOf(int pack)
    {
        var kept = new List<PackBlob>();
        foreach (var entry in _contents.EntriesOf(pack))
            if (_uses.Keep.Contains(entry))
                kept.Add(_repository.Index.BlobAt(entry, out _));
        kept.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        return kept;
    }

    private async Task ReplaceIndexesAsync(Action<PruneStep, int, int>? progress, CancellationToken cancellationToken)
    {
        bool IsDropped(int pack) => _fates[pack] != PackFate.Keep;
        var old = _indexes.Affected(IsDropped);
        if (old.Count == 0)
            return;
        await _indexes.ReplaceAsync(_repository, _contents, old, IsDropped, cancellationToken);
        progress?.Invoke(PruneStep.ReplaceIndexes, old.Count, old.Count);
    }

    private async Task DeletePacksAsync(
        PruneStep step,
        ObjectId[] packs,
        Action<PruneStep, int, int>? progress,
        CancellationToken cancellationToken
    )
    {
        await IndexFiles.DeleteAsync(_repository, ObjectKind.Pack, packs, cancellationToken);
        if (packs.Length > 0)
            progress?.Invoke(step, packs.Length, packs.Length);
    }
}

/// <summary>The steps of a prune, in their order.</summary>
public enum PruneStep
{
    DeleteUnindexed,
    Repack,
    ReplaceIndexes,
    DeleteOld,
}
