using System.Text;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Maintenance;

/// <summary>Small repositories with snapshots of made-up files. One key is derived for all tests: each takes a copy of the store.</summary>
internal static class Sample
{
    private static readonly Lazy<Task<Repository>> s_empty = new(() =>
        QuickRepository.InitAsync(
            new MemoryStore(),
            "x"u8.ToArray(),
            null,
            ("user", "host"),
            TimeProvider.System,
            CancellationToken.None
        )
    );

    /// <summary>A new, empty repository in memory.</summary>
    public static async Task<Repository> NewAsync()
    {
        var origin = await s_empty.Value;
        return origin.Through(await CloneAsync(origin.Store));
    }

    public static async Task<MemoryStore> CloneAsync(IObjectStore from)
    {
        var to = new MemoryStore();
        foreach (var kind in Enum.GetValues<ObjectKind>())
        {
            if (kind == ObjectKind.Config)
                await CopyAsync(from, to, ObjectName.Config);
            else
                foreach (var info in await ListAsync(from, kind))
                    await CopyAsync(from, to, info.Name);
        }
        return to;
    }

    private static async Task CopyAsync(IObjectStore from, MemoryStore to, ObjectName name) =>
        await to.PutAsync(name, ObjectContent.Of(await ReadAsync(from, name)), default);

    public static async Task<List<ObjectInfo>> ListAsync(IObjectStore store, ObjectKind kind)
    {
        var all = new List<ObjectInfo>();
        await foreach (var info in store.ListAsync(kind, default))
            all.Add(info);
        return [.. all.OrderBy(static i => i.Name.Id)];
    }

    public static async Task<byte[]> ReadAsync(IObjectStore store, ObjectName name)
    {
        var bytes = new byte[(await store.FindLengthAsync(name, default))!.Value];
        await store.ReadAsync(name, 0, bytes, default);
        return bytes;
    }

    public static async Task ReplaceAsync(IObjectStore store, ObjectName name, byte[] bytes)
    {
        await store.DeleteAsync(name, default);
        await store.PutAsync(name, ObjectContent.Of(bytes), default);
    }

    /// <summary>Stores files ("dir/name" or "name") and a snapshot of them.</summary>
    public static async Task<ObjectId> SnapshotAsync(
        Repository repository,
        int minute,
        params (string Path, byte[] Content)[] files
    )
    {
        await repository.LoadIndexAsync(default);
        ObjectId tree;
        await using (var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions { Workers = 1 }, default))
        {
            var content = writer.NewContentWriter();
            foreach (var group in files.GroupBy(static f => Path.GetDirectoryName(f.Path) ?? "").OrderBy(g => g.Key))
            {
                var directory =
                    group.Key.Length == 0 ? writer.Root : content.OpenDirectory(writer.Root, NodeOf(group.Key, true));
                foreach (var (path, bytes) in group.OrderBy(static f => f.Path, StringComparer.Ordinal))
                {
                    content.BeginFile(directory);
                    content.Write(bytes);
                    content.EndFile(NodeOf(Path.GetFileName(path), false));
                }
                if (group.Key.Length > 0)
                    content.CloseDirectory(directory);
            }
            content.Flush();
            tree = await writer.FinishAsync(default);
        }
        var json =
            $"{{\"time\":\"2026-01-02T03:{minute:00}:05.123456789Z\",\"tree\":\"{tree}\",\"paths\":[\"/data\"],"
            + "\"hostname\":\"host\",\"username\":\"user\",\"tags\":[\"one\"],\"future\":{\"kept\":1}}";
        return await repository.SaveUnpackedAsync(ObjectKind.Snapshot, Encoding.UTF8.GetBytes(json), default);
    }

    private static Node NodeOf(string name, bool isDirectory) =>
        new()
        {
            Name = Encoding.UTF8.GetBytes(name),
            Type = isDirectory ? NodeType.Directory : NodeType.File,
            Mode = 0b111_101_101,
        };

    /// <summary>Bytes that neither compress nor repeat.</summary>
    public static byte[] Noise(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Every file of every snapshot, as "tree path = hash"; fails if one cannot be read.</summary>
    public static async Task<SortedDictionary<string, string>> ContentsAsync(Repository repository)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await repository.LoadIndexAsync(default);
        foreach (var snapshot in await Engine.Snapshots.SnapshotFiles.LoadAllAsync(repository, default))
            await AddAsync(repository, snapshot.Tree, $"{snapshot.Time} ", found);
        return found;
    }

    private static async Task AddAsync(
        Repository repository,
        ObjectId tree,
        string path,
        SortedDictionary<string, string> found
    )
    {
        var json = await repository.Blobs.LoadAsync(BlobType.Tree, tree, default);
        using var document = System.Text.Json.JsonDocument.Parse(json);
        foreach (var node in document.RootElement.GetProperty("nodes").EnumerateArray())
        {
            var here = path + "/" + node.GetProperty("name").GetString();
            if (node.TryGetProperty("subtree", out var subtree))
            {
                await AddAsync(repository, ObjectId.Parse(subtree.GetString()!), here, found);
                continue;
            }
            using var content = new MemoryStream();
            foreach (var id in node.GetProperty("content").EnumerateArray())
                content.Write(
                    await repository.Blobs.LoadAsync(BlobType.Data, ObjectId.Parse(id.GetString()!), default)
                );
            found.Add(here, ObjectId.Of(content.ToArray()).ToString());
        }
    }
}
