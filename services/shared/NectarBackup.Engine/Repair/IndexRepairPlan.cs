using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Repair;

/// <summary>
/// Makes the index say what the packs hold (restic <c>internal/repository/repair_index.go</c>): packs that no readable index names, or that have not the size their
/// entries say, are read anew; packs that are missing are dropped; damaged index files go. A pack whose header cannot be read keeps the entries it has, so that
/// <c>repair packs</c> can still save blobs by them.
/// </summary>
public sealed class IndexRepairPlan
{
    private readonly Repository _repository;
    private readonly IndexFiles _files;
    private readonly PackContents _contents;
    private readonly List<(ObjectId Pack, long Length)> _toRead;
    private readonly HashSet<int> _missing;
    private readonly bool _readAll;

    private IndexRepairPlan(
        Repository repository,
        IndexFiles files,
        PackContents contents,
        List<(ObjectId Pack, long Length)> toRead,
        HashSet<int> missing,
        bool readAll
    )
    {
        (_repository, _files, _contents) = (repository, files, contents);
        (_toRead, _missing, _readAll) = (toRead, missing, readAll);
    }

    /// <summary>Packs of which the header is read.</summary>
    public IReadOnlyList<ObjectId> PacksToRead => [.. _toRead.Select(static p => p.Pack)];

    /// <summary>Packs that an index names and that are not there.</summary>
    public IReadOnlyList<ObjectId> PacksMissing => [.. _missing.Select(_repository.Index.PackAt)];

    /// <summary>Index files that cannot be read, with the reason.</summary>
    public IReadOnlyList<(ObjectId Index, Exception Error)> DamagedIndexes => _files.Damaged;

    /// <summary>The index is right as it is.</summary>
    public bool IsEmpty => _toRead.Count == 0 && _missing.Count == 0 && _files.Damaged.Count == 0;

    /// <param name="repository">Its index in memory is loaded again.</param>
    /// <param name="readAllPacks">Trust no index: read the header of every pack.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    public static async Task<IndexRepairPlan> MakeAsync(
        Repository repository,
        bool readAllPacks,
        CancellationToken cancellationToken
    )
    {
        var files = await IndexFiles.LoadAsync(repository, tolerant: true, cancellationToken);
        var contents = new PackContents(repository.Index);
        var missing = Enumerable.Range(0, contents.PackCount).ToHashSet();
        var toRead = new List<(ObjectId, long)>();
        await foreach (var (name, length) in repository.Store.ListAsync(ObjectKind.Pack, cancellationToken))
        {
            var pack = repository.Index.FindPack(name.Id);
            missing.Remove(pack);
            if (readAllPacks || pack < 0 || contents.LengthOf(pack) != length)
                toRead.Add((name.Id, length));
        }
        return new IndexRepairPlan(repository, files, contents, toRead, missing, readAllPacks);
    }

    /// <summary>Does it. Afterwards the repository's index is to be loaded again.</summary>
    /// <returns>Packs whose header cannot be read; what they hold is not indexed anew.</returns>
    public Task<List<(ObjectId Pack, Exception Error)>> ExecuteAsync(
        RepositoryLock held,
        CancellationToken cancellationToken
    ) => Crew.UnderLockAsync(ExecuteAsync, held.Lost, cancellationToken);

    internal async Task<List<(ObjectId Pack, Exception Error)>> ExecuteAsync(CancellationToken cancellationToken)
    {
        var unreadable = new List<(ObjectId, Exception)>();
        if (IsEmpty)
            return unreadable;
        var found = await ReadHeadersAsync(unreadable, cancellationToken);
        var renewed = found.Select(p => _repository.Index.FindPack(p.Pack)).ToHashSet();
        bool IsDropped(int pack) => _missing.Contains(pack) || renewed.Contains(pack);
        var old = _readAll ? _files.All() : _files.Affected(IsDropped);
        old.UnionWith(_files.Damaged.Select(static d => d.Id));
        await IndexFiles.SaveAsync(_repository, found, cancellationToken);
        await _files.ReplaceAsync(_repository, _contents, old, IsDropped, cancellationToken);
        return unreadable;
    }

    private async Task<List<(ObjectId Pack, IReadOnlyList<PackBlob> Blobs)>> ReadHeadersAsync(
        List<(ObjectId, Exception)> unreadable,
        CancellationToken cancellationToken
    )
    {
        var found = new List<(ObjectId Pack, IReadOnlyList<PackBlob> Blobs)>();
        await Parallel.ForEachAsync(
            _toRead,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
            async (pack, token) =>
            {
                try
                {
                    var blobs = await PackReader.ReadHeaderAsync(_repository, pack.Pack, pack.Length, token);
                    lock (found)
                        found.Add((pack.Pack, blobs));
                }
                catch (RepositoryException e)
                {
                    lock (found)
                        unreadable.Add((pack.Pack, e));
                }
            }
        );
        return found;
    }
}
