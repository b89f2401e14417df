using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Copy;

/// <summary>How snapshots are copied.</summary>
public sealed record CopyOptions
{
    /// <summary>Threads; 1 or more.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Packs that are stored at once.</summary>
    public int? Connections { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of each snapshot: the copy's id, or null if it is there already.</summary>
    public Action<Snapshot, ObjectId?>? OnSnapshot { get; init; }

    /// <summary>Told after each pack of the source: packs done, packs in all.</summary>
    public Action<int, int>? OnPack { get; init; }
}

/// <summary>What was copied.</summary>
/// <param name="Copied">Snapshots.</param>
/// <param name="Skipped">Snapshots that the target has already.</param>
/// <param name="Blobs">Blobs that it did not have.</param>
/// <param name="Bytes">Their bytes as they are stored.</param>
public sealed record CopyReport(int Copied, int Skipped, long Blobs, long Bytes);

/// <summary>
/// Copies snapshots to another repository, under its key (restic <c>cmd_copy.go</c>). In steps: leave out snapshots that are there; find the blobs that the others need and the target
/// does not have; take them out of the source's packs, one pack at a time, each blob proved; then write the snapshots, last.
/// </summary>
public static class SnapshotCopy
{
    /// <param name="source">Its index must be loaded, after the snapshots.</param>
    /// <param name="target">Its index must be loaded. Files that both have share blobs only if both cut by the same polynomial.</param>
    /// <param name="snapshots">Of the source.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it; what is stored by then is found again.</param>
    /// <exception cref="RepositoryException">Refused: both are the same repository. Damaged: the source has no undamaged copy of a needed blob.</exception>
    public static async Task<CopyReport> RunAsync(
        Repository source,
        Repository target,
        IReadOnlyCollection<Snapshot> snapshots,
        CopyOptions options,
        CancellationToken cancellationToken
    )
    {
        if (source.Config.Id == target.Config.Id)
            throw new RepositoryException(RepositoryError.Refused, "source and target are the same repository");
        var wanted = await FindMissingAsync(target, snapshots, options, cancellationToken);
        await using var packs = new PackStore(target, options.Connections, options.Time, cancellationToken);
        using var appender = new PackAppender(target, packs);
        try
        {
            await CopyBlobsAsync(source, target, wanted, appender, options, cancellationToken);
            appender.Finish();
            await packs.FinishAsync(cancellationToken);
        }
        catch
        {
            await packs.SalvageAsync();
            throw;
        }
        foreach (var snapshot in wanted)
        {
            // The parent may not be there, and means nothing to another repository.
            var copy = snapshot with
            {
                Parent = null,
                Original = snapshot.Original ?? snapshot.Id,
            };
            var id = await SnapshotFiles.SaveAsync(target, copy, cancellationToken);
            options.OnSnapshot?.Invoke(snapshot, id);
        }
        return new CopyReport(wanted.Count, snapshots.Count - wanted.Count, appender.Blobs, appender.Bytes);
    }

    private static async Task<List<Snapshot>> FindMissingAsync(
        Repository target,
        IReadOnlyCollection<Snapshot> snapshots,
        CopyOptions options,
        CancellationToken cancellationToken
    )
    {
        var there = await SnapshotFiles.LoadAllAsync(target, cancellationToken);
        var known = there.Select(Likeness).ToHashSet();
        var wanted = new List<Snapshot>();
        foreach (var snapshot in snapshots)
        {
            if (known.Add(Likeness(snapshot)))
                wanted.Add(snapshot);
            else
                options.OnSnapshot?.Invoke(snapshot, null);
        }
        return wanted;
    }

    /// <summary>The same for two snapshots that show the same tree of the same place at the same time, whatever their ids.</summary>
    private static string Likeness(Snapshot s) =>
        string.Join(
            '\0',
            [
                s.Tree.ToString(),
                s.Time.ToString(),
                s.Hostname ?? "",
                s.Username ?? "",
                .. (s.Tags ?? []).Order(StringComparer.Ordinal),
                "",
                .. (s.Paths ?? []).Order(StringComparer.Ordinal),
            ]
        );

    private static async Task CopyBlobsAsync(
        Repository source,
        Repository target,
        List<Snapshot> snapshots,
        PackAppender appender,
        CopyOptions options,
        CancellationToken cancellationToken
    )
    {
        var trees = snapshots.Select(static s => s.Tree).Distinct();
        var needed = await UsedBlobs.FindAsync(source, trees, options.Workers, cancellationToken);
        var contents = new PackContents(source.Index);
        var packs = new List<(ObjectId Pack, List<PackBlob> Blobs)>();
        for (var pack = 0; pack < contents.PackCount; pack++)
        {
            var blobs = new List<PackBlob>();
            foreach (var entry in contents.EntriesOf(pack))
            {
                var blob = source.Index.BlobAt(entry, out _);
                if (needed.Contains(entry) && target.Index.TryClaim(blob.Type, blob.Id))
                    blobs.Add(blob);
            }
            blobs.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
            if (blobs.Count > 0)
                packs.Add((source.Index.PackAt(pack), blobs));
        }
        var done = 0;
        await Crew.ForEachAsync(
            packs,
            options.Workers,
            () => new BlobMover(source, target, appender),
            async (mover, pack, token) =>
            {
                await mover.MoveAsync(pack.Pack, pack.Blobs, compress: true, token);
                options.OnPack?.Invoke(Interlocked.Increment(ref done), packs.Count);
            },
            cancellationToken
        );
    }
}
