using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Repair;

/// <summary>A snapshot that cannot be restored whole.</summary>
/// <param name="Snapshot">As it is.</param>
/// <param name="IsBeyondRepair">Not even its root can be read.</param>
/// <param name="Losses">Paths that will be empty or shorter; the first hundred.</param>
public sealed record SnapshotLoss(Snapshot Snapshot, bool IsBeyondRepair, IReadOnlyList<string> Losses);

/// <summary>
/// Makes copies of damaged snapshots without what is lost (restic <c>cmd_repair_snapshots.go</c>). The plan says what is lost, and changes nothing. Damage inside
/// packs must be out of the index first: see <see cref="PackRepair"/>.
/// </summary>
public sealed class SnapshotRepairPlan
{
    private readonly Repository _repository;

    private SnapshotRepairPlan(Repository repository, List<SnapshotLoss> damaged) =>
        (_repository, Damaged) = (repository, damaged);

    /// <summary>The snapshots that are hit.</summary>
    public IReadOnlyList<SnapshotLoss> Damaged { get; }

    /// <summary>Looks for what is lost. The repository's index must be loaded, after the snapshots.</summary>
    /// <exception cref="StoreException">The store does not answer; that is not taken for damage.</exception>
    public static async Task<SnapshotRepairPlan> MakeAsync(
        Repository repository,
        IEnumerable<Snapshot> snapshots,
        CancellationToken cancellationToken
    )
    {
        var repair = new TreeRepair(repository, store: null);
        var damaged = new List<SnapshotLoss>();
        foreach (var snapshot in snapshots)
        {
            var tree = await repair.RunAsync(snapshot.Tree, 0, cancellationToken);
            if (tree.Id != snapshot.Tree)
                damaged.Add(new SnapshotLoss(snapshot, tree.Id is null, tree.Losses));
        }
        return new SnapshotRepairPlan(repository, damaged);
    }

    /// <summary>Stores a repaired copy of each damaged snapshot.</summary>
    /// <param name="forget">Delete the damaged ones, also those beyond repair; else they stay.</param>
    /// <param name="time">The clock of the index.</param>
    /// <param name="held">The exclusive lock.</param>
    /// <param name="cancellationToken">Stops between two trees.</param>
    /// <returns>Old ids, and the copies': null for those beyond repair.</returns>
    public Task<List<(ObjectId Old, ObjectId? New)>> ExecuteAsync(
        bool forget,
        TimeProvider time,
        RepositoryLock held,
        CancellationToken cancellationToken
    ) => Crew.UnderLockAsync(token => ExecuteAsync(forget, time, token), held.Lost, cancellationToken);

    internal async Task<List<(ObjectId Old, ObjectId? New)>> ExecuteAsync(
        bool forget,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var trees = await StoreTreesAsync(time, cancellationToken);
        var done = new List<(ObjectId, ObjectId?)>();
        foreach (var (snapshot, _, _) in Damaged)
        {
            ObjectId? copy = null;
            if (trees[snapshot.Id] is { } tree)
            {
                var changed = snapshot with { Tree = tree };
                copy = await SnapshotFiles.RewriteAsync(_repository, snapshot, changed, forget, cancellationToken);
            }
            else if (forget)
            {
                var name = new ObjectName(ObjectKind.Snapshot, snapshot.Id);
                await _repository.Store.DeleteAsync(name, cancellationToken);
            }
            done.Add((snapshot.Id, copy));
        }
        return done;
    }

    private async Task<Dictionary<ObjectId, ObjectId?>> StoreTreesAsync(
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        await using var packs = new PackStore(_repository, 2, time, cancellationToken);
        using var appender = new PackAppender(_repository, packs);
        var repair = new TreeRepair(
            _repository,
            (id, json) =>
            {
                if (_repository.Index.TryClaim(BlobType.Tree, id))
                    appender.AppendPlain(BlobType.Tree, id, json);
            }
        );
        var trees = new Dictionary<ObjectId, ObjectId?>();
        foreach (var (snapshot, _, _) in Damaged)
            trees[snapshot.Id] = (await repair.RunAsync(snapshot.Tree, 0, cancellationToken)).Id;
        appender.Finish();
        await packs.FinishAsync(cancellationToken);
        return trees;
    }
}
