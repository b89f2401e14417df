using System.Buffers;
using System.CommandLine;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>cat</c>: one object of the repository as it is, opened.</summary>
internal static class CatCommand
{
    private const string Kinds = "masterkey|config|pack|blob|snapshot|index|key|lock|tree";

    public static Command Build()
    {
        var kind = new Argument<string>(Kinds);
        var ids = GlobalOptions.Rest("ID");
        return new Command("cat", "Print an object of the repository") { kind, ids }.Does(
            async (run, cancellationToken) =>
            {
                var word = run.Get(kind);
                if (!Kinds.Split('|').Contains(word))
                    throw new UsageException($"'{word}' cannot be printed", $"use {Kinds}");
                var needsId = word is not ("masterkey" or "config");
                if (run.Get(ids).Length != (needsId ? 1 : 0))
                    throw new UsageException(needsId ? $"cat {word} takes one id" : $"cat {word} takes no id");
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var bytes = await LoadAsync(run, open, word, needsId ? run.Get(ids)[0] : "", open.Token);
                if (word is "pack" or "blob" or "tree")
                    run.Out.Bytes(bytes);
                else
                    run.Out.Line(Indent(bytes));
                return ExitCode.Ok;
            }
        );
    }

    private static async Task<byte[]> LoadAsync(
        CommandRun run,
        OpenRepository open,
        string kind,
        string id,
        CancellationToken token
    )
    {
        var repository = open.Repository;
        switch (kind)
        {
            case "masterkey":
                return new KeyRing(repository, run.Time).ExportMasterKey();
            case "config":
                return repository.Config.Serialize();
            case "blob":
                await repository.LoadIndexAsync(token);
                return await LoadBlobAsync(repository, id, token);
            case "tree":
                var list = await SnapshotList.LoadAsync(run, repository, token);
                var (name, path) = SnapshotPath.Split(id);
                var snapshot = list.Find(name);
                await repository.LoadIndexAsync(token);
                var tree = await SnapshotPath.FindTreeAsync(repository, snapshot.Tree, path, token);
                return await repository.Blobs.LoadAsync(BlobType.Tree, tree, token);
            case "snapshot":
                var all = await SnapshotList.LoadAsync(run, repository, token);
                // As it is stored, with whatever fields another program gave it.
                return await repository.LoadUnpackedAsync(new ObjectName(ObjectKind.Snapshot, all.Find(id).Id), token);
        }
        var found = await ObjectNames.FindAsync(
            repository.Store,
            kind switch
            {
                "pack" => ObjectKind.Pack,
                "index" => ObjectKind.Index,
                "key" => ObjectKind.Key,
                _ => ObjectKind.Lock,
            },
            id,
            token
        );
        if (found.Name.Kind is not (ObjectKind.Pack or ObjectKind.Key))
            return await repository.LoadUnpackedAsync(found.Name, token);
        var bytes = new byte[found.Length];
        await repository.Store.ReadAsync(found.Name, 0, bytes, token);
        return bytes;
    }

    /// <summary>A blob by its whole id; data before trees.</summary>
    private static async Task<byte[]> LoadBlobAsync(Repository repository, string id, CancellationToken token)
    {
        if (!ObjectId.TryParse(id.AsSpan(), out var blob))
            throw new UsageException($"'{id}' is no whole id of a blob");
        foreach (var type in new[] { BlobType.Data, BlobType.Tree })
            if (repository.Index.Contains(type, blob))
                return await repository.Blobs.LoadAsync(type, blob, token);
        throw new RepositoryException(RepositoryError.NoSuchItem, $"no index knows the blob {id}");
    }

    /// <summary>JSON with two blanks for each level, as restic prints it.</summary>
    private static string Indent(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var to = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(to, Writer.JsonOptions with { Indented = true }))
                document.WriteTo(writer);
            return System.Text.Encoding.UTF8.GetString(to.WrittenSpan);
        }
        catch (JsonException e)
        {
            throw RepositoryException.Damaged("the object", "it is no JSON", e);
        }
    }
}
