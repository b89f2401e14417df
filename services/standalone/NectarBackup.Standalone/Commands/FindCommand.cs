using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>find</c>: in which snapshots files of a name are, or the files that a blob, tree or pack holds.</summary>
internal static class FindCommand
{
    public static Command Build()
    {
        var options = new FindOptions();
        var command = new Command("find", "Find files in snapshots, by name, time, blob, tree or pack");
        options.AddTo(command);
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var search = options.Read(run);
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var chosen = list.Choose(search.Snapshots, filter).OrderBy(s => s.Time).ToList();
                if (!search.IsOldestFirst)
                    chosen.Reverse();
                await open.Repository.LoadIndexAsync(open.Token);
                var blobs = search.Kind == FindKind.Names ? null : Wanted(open.Repository, search);
                using var report = new FindReport(run, search, open.Repository);
                foreach (var snapshot in chosen)
                {
                    report.Begin(snapshot);
                    if (blobs is null)
                        await SearchNamesAsync(open.Repository, snapshot, search.Query, report, open.Token);
                    else
                        await SearchBlobsAsync(open.Repository, snapshot, blobs, report, open.Token);
                    report.End();
                }
                return report.IsWhole ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static async Task SearchNamesAsync(
        Repository repository,
        Snapshot snapshot,
        FindQuery query,
        FindReport report,
        CancellationToken token
    )
    {
        await foreach (var found in TreeFind.EntriesAsync(repository, snapshot.Tree, query, report.Fault, token))
            report.Add(found.Node, found.Path.Span);
    }

    private static async Task SearchBlobsAsync(
        Repository repository,
        Snapshot snapshot,
        HashSet<ObjectId> blobs,
        FindReport report,
        CancellationToken token
    )
    {
        if (blobs.Contains(snapshot.Tree))
            report.Add(BlobType.Tree, snapshot.Tree, "/"u8, default);
        await foreach (var found in TreeFind.BlobsAsync(repository, snapshot.Tree, blobs, report.Fault, token))
            report.Add(found.Type, found.Blob!.Value, found.Path.Span, found.Parent);
    }

    /// <summary>The blobs that the ids, or starts of ids, mean. A whole id may be one that no index knows.</summary>
    /// <exception cref="RepositoryException">NoSuchItem: there is no such pack.</exception>
    private static HashSet<ObjectId> Wanted(Repository repository, FindSearch search)
    {
        var wanted = new HashSet<ObjectId>();
        var unseen = search.Ids.ToHashSet();
        if (search.Kind != FindKind.Packs)
            foreach (var text in search.Ids)
                if (ObjectId.TryParse(text.AsSpan(), out var id))
                    wanted.Add(id);
        foreach (var place in repository.Index.Locations())
        {
            if (search.Kind != FindKind.Packs && (place.Blob.Type == BlobType.Tree) != (search.Kind == FindKind.Trees))
                continue;
            var id = (search.Kind == FindKind.Packs ? place.Pack : place.Blob.Id).ToString();
            foreach (var start in search.Ids)
                if (id.StartsWith(start, StringComparison.Ordinal))
                {
                    wanted.Add(place.Blob.Id);
                    unseen.Remove(start);
                }
        }
        return search.Kind == FindKind.Packs && unseen.Count > 0
            ? throw new RepositoryException(
                RepositoryError.NoSuchItem,
                $"no index knows a pack {string.Join(", ", unseen)}",
                "see 'list packs'; 'repair index' finds packs that the index lacks"
            )
            : wanted;
    }
}
