using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Check;

/// <summary>
/// Verifies a repository (restic design and <c>internal/checker</c>). In steps:
/// <list type="number">
/// <item>Key files are what their names say.</item>
/// <item>Snapshots are listed, then all index files are read; they must decode and agree.</item>
/// <item>Every indexed pack is there with the size that follows from its entries; packs without an index are a warning.</item>
/// <item>All trees below all snapshots load, their nodes are valid, and what they need is indexed.</item>
/// <item>Asked to, it reads packs: hash, header, and each blob's code, content and id.</item>
/// <item>If something is lost, the snapshots and files that need it are named.</item>
/// </list>
/// Nothing is written, and no fault ends the check: each becomes a finding. The caller holds an exclusive lock, or takes packs of running backups for orphans.
/// </summary>
public sealed class Checker
{
    private readonly Repository _repository;
    private readonly CheckOptions _options;
    private readonly Findings _findings;

    private Checker(Repository repository, CheckOptions options) =>
        (_repository, _options, _findings) = (repository, options, new Findings(options.OnFinding));

    /// <exception cref="StoreException">The store cannot even be listed.</exception>
    public static Task<CheckReport> RunAsync(
        Repository repository,
        CheckOptions options,
        CancellationToken cancellationToken
    ) => new Checker(repository, options).RunAsync(cancellationToken);

    private async Task<CheckReport> RunAsync(CancellationToken cancellationToken)
    {
        await CheckKeysAsync(cancellationToken);
        var names = new List<ObjectName>();
        await foreach (var info in _repository.Store.ListAsync(ObjectKind.Snapshot, cancellationToken))
            names.Add(info.Name);
        await IndexCheck.LoadAsync(_repository, _findings, cancellationToken);
        var contents = new PackContents(_repository.Index);
        var packs = await CheckPacksAsync(contents, cancellationToken);
        var snapshots = await LoadSnapshotsAsync(names, cancellationToken);
        var used = await CheckTreesAsync(snapshots, cancellationToken);
        var (packsRead, bytesRead) = await ReadPacksAsync(contents, packs, cancellationToken);
        return new CheckReport
        {
            Snapshots = names.Count,
            Packs = contents.PackCount,
            PacksRead = packsRead,
            BytesRead = bytesRead,
            UnusedBlobs = _repository.Index.Count - used,
            Damage = _findings.HasLoss
                ? await new DamageSearch(_repository, _findings).RunAsync(snapshots, cancellationToken)
                : [],
            Errors = _findings.Errors,
            Warnings = _findings.Warnings,
        };
    }

    private async Task CheckKeysAsync(CancellationToken cancellationToken)
    {
        var names = new List<ObjectInfo>();
        await foreach (var info in _repository.Store.ListAsync(ObjectKind.Key, cancellationToken))
            names.Add(info);
        foreach (var info in names)
        {
            try
            {
                await KeyRing.LoadAsync(_repository.Store, info, cancellationToken);
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                _findings.Add(CheckFault.KeyDamaged, info.Name, e, "add a new key with this password, then remove it");
            }
        }
    }

    /// <returns>The indexed packs that are there, with their sizes.</returns>
    private async Task<List<(ObjectId Pack, long Length)>> CheckPacksAsync(
        PackContents contents,
        CancellationToken cancellationToken
    )
    {
        var found = new List<(ObjectId, long)>();
        var isThere = new bool[contents.PackCount];
        var index = _repository.Index;
        await foreach (var (name, length) in _repository.Store.ListAsync(ObjectKind.Pack, cancellationToken))
        {
            var pack = index.FindPack(name.Id);
            if (pack < 0)
            {
                _findings.Add(
                    CheckFault.PackNotIndexed,
                    name,
                    $"pack {name.Id} is in no index",
                    "'prune' removes it; 'repair index' takes it back"
                );
                continue;
            }
            isThere[pack] = true;
            found.Add((name.Id, length));
            var expected = contents.LengthOf(pack);
            if (length != expected)
                _findings.PackEndsAt(
                    CheckFault.PackSize,
                    name.Id,
                    length,
                    $"pack {name.Id} has {length} bytes, the index expects {expected}",
                    "run 'repair packs' on it, then 'repair index'"
                );
        }
        for (var pack = 0; pack < isThere.Length; pack++)
            if (!isThere[pack])
                _findings.PackEndsAt(
                    CheckFault.PackMissing,
                    index.PackAt(pack),
                    0,
                    $"pack {index.PackAt(pack)} is missing, and an index names it",
                    "bring the file back from a copy, or run 'repair index' and 'repair snapshots'"
                );
        return found;
    }

    private async Task<List<Snapshot>> LoadSnapshotsAsync(List<ObjectName> names, CancellationToken cancellationToken)
    {
        var snapshots = new List<Snapshot>();
        foreach (var name in names)
        {
            try
            {
                snapshots.Add(await SnapshotFiles.LoadAsync(_repository, name.Id, cancellationToken));
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                _findings.Add(
                    CheckFault.SnapshotDamaged,
                    name,
                    e is StoreException ? e : Named(name, e),
                    "bring the file back from a copy, or forget the snapshot"
                );
            }
        }
        return snapshots;
    }

    private static Exception Named(ObjectName name, Exception e) =>
        e.Message.Contains(name.Path, StringComparison.Ordinal)
            ? e
            : RepositoryException.Damaged(name.Path, e.Message, e);

    private async Task<int> CheckTreesAsync(List<Snapshot> snapshots, CancellationToken cancellationToken)
    {
        var visitor = new TreeCheck(_repository, _findings);
        foreach (var snapshot in snapshots)
            visitor.UseRoot(snapshot.Tree);
        using var walk = new TreeSweep(_repository, visitor, _options.Workers);
        await walk.RunAsync(snapshots.Select(static s => s.Tree), cancellationToken);
        return visitor.Used.Count;
    }

    private async Task<(int Packs, long Bytes)> ReadPacksAsync(
        PackContents contents,
        List<(ObjectId Pack, long Length)> packs,
        CancellationToken cancellationToken
    )
    {
        var chosen = _options.ReadData.Choose(packs);
        var queue = packs.Where(p => chosen.Contains(p.Pack)).ToList();
        var gate = new Lock();
        var done = 0;
        long bytes = 0;
        await Crew.ForEachAsync(
            queue,
            _options.Workers,
            () => new PackCheck(_repository, _findings),
            async (check, next, token) =>
            {
                var blobs = contents.BlobsOf(_repository.Index.FindPack(next.Pack));
                await check.RunAsync(next.Pack, next.Length, blobs, token);
                lock (gate)
                {
                    done++;
                    bytes += next.Length;
                    _options.OnPackRead?.Invoke(done, queue.Count, bytes);
                }
            },
            cancellationToken
        );
        return (done, bytes);
    }
}
