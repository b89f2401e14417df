using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Snapshots;

/// <summary>What becomes of the tags of snapshots.</summary>
/// <param name="Set">Replaces all tags, unless null; an empty list removes all.</param>
/// <param name="Add">Added at the end where they are missing.</param>
/// <param name="Remove">Removed.</param>
public sealed record TagChange(IReadOnlyList<string>? Set, IReadOnlyList<string> Add, IReadOnlyList<string> Remove)
{
    /// <exception cref="RepositoryException">Refused: nothing is asked for, or setting is mixed with the others.</exception>
    public void Validate()
    {
        if (Set is null == (Add.Count == 0 && Remove.Count == 0))
            throw new RepositoryException(
                RepositoryError.Refused,
                "either tags are set, or some are added and removed",
                "use --set alone, or --add and --remove"
            );
    }

    /// <summary>The tags after the change.</summary>
    public IReadOnlyList<string> Apply(IReadOnlyList<string> tags) =>
        Set is not null
            ? [.. Set.Where(static tag => tag.Length > 0).Distinct()]
            : [.. tags.Union(Add.Where(static tag => tag.Length > 0)).Except(Remove)];
}

/// <summary>Changes tags: a snapshot's file is named by its content, so each one becomes a new file, and the old one is deleted after that.</summary>
public static class SnapshotTags
{
    /// <param name="repository">Where they are.</param>
    /// <param name="snapshots">Which; those that have the wanted tags stay as they are.</param>
    /// <param name="change">What to do.</param>
    /// <param name="held">The exclusive lock.</param>
    /// <param name="cancellationToken">Stops between two snapshots.</param>
    /// <returns>Old and new ids of the snapshots that were changed.</returns>
    public static Task<List<(ObjectId Old, ObjectId New)>> ChangeAsync(
        Repository repository,
        IEnumerable<Snapshot> snapshots,
        TagChange change,
        RepositoryLock held,
        CancellationToken cancellationToken
    )
    {
        change.Validate();
        return Crew.UnderLockAsync(
            token => ChangeAllAsync(repository, snapshots, change, token),
            held.Lost,
            cancellationToken
        );
    }

    internal static async Task<List<(ObjectId Old, ObjectId New)>> ChangeAllAsync(
        Repository repository,
        IEnumerable<Snapshot> snapshots,
        TagChange change,
        CancellationToken cancellationToken
    )
    {
        var changed = new List<(ObjectId, ObjectId)>();
        foreach (var snapshot in snapshots)
        {
            var old = snapshot.Tags ?? [];
            var tags = change.Apply(old);
            if (tags.SequenceEqual(old))
                continue;
            var rewritten = snapshot with { Tags = tags };
            var id = await SnapshotFiles.RewriteAsync(repository, snapshot, rewritten, true, cancellationToken);
            changed.Add((snapshot.Id, id));
        }
        return changed;
    }
}
