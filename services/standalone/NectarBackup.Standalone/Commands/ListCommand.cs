using System.CommandLine;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>list</c>: the ids of a repository's files, or of its blobs.</summary>
internal static class ListCommand
{
    public static Command Build()
    {
        var what = new Argument<string>("blobs|packs|index|snapshots|keys|locks");
        return new Command("list", "List the objects of a repository") { what }.Does(
            async (run, cancellationToken) =>
            {
                var word = run.Get(what);
                ObjectKind? kind = word switch
                {
                    "blobs" => null,
                    "packs" => ObjectKind.Pack,
                    "index" => ObjectKind.Index,
                    "snapshots" => ObjectKind.Snapshot,
                    "keys" => ObjectKind.Key,
                    "locks" => ObjectKind.Lock,
                    _ => throw new UsageException(
                        $"'{word}' cannot be listed",
                        "use blobs, packs, index, snapshots, keys or locks"
                    ),
                };
                // A lock would show up in the list of locks.
                var mode = kind == ObjectKind.Lock ? LockMode.None : LockMode.Reading;
                await using var open = await run.OpenAsync(mode, cancellationToken);
                if (kind is { } files)
                {
                    await foreach (var info in open.Repository.Store.ListAsync(files, open.Token))
                        run.Out.Line(info.Name.Id.ToString());
                    return ExitCode.Ok;
                }
                await open.Repository.LoadIndexAsync(open.Token);
                foreach (var place in open.Repository.Index.Locations())
                    run.Out.Line($"{(place.Blob.Type == BlobType.Tree ? "tree" : "data")} {place.Blob.Id}");
                return ExitCode.Ok;
            }
        );
    }
}
