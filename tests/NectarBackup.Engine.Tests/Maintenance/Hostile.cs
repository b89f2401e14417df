using System.Text;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Tests.Maintenance;

/// <summary>Repositories with what no honest program writes.</summary>
internal static class Hostile
{
    /// <summary>Stores a tree as it is, and a snapshot of it.</summary>
    public static async Task<ObjectId> StoreTreeAsync(Repository repository, byte[] json)
    {
        var tree = await StoreBlobAsync(repository, BlobType.Tree, json);
        await StoreSnapshotAsync(repository, tree);
        return tree;
    }

    public static Task<ObjectId> StoreSnapshotAsync(Repository repository, ObjectId tree) =>
        repository.SaveUnpackedAsync(
            ObjectKind.Snapshot,
            Encoding.UTF8.GetBytes(
                $$"""{"time":"2026-01-01T00:00:00Z","tree":"{{tree}}","paths":["/h"],"hostname":"h"}"""
            ),
            default
        );

    /// <summary>Stores one blob, not compressed, in a pack of its own, indexed.</summary>
    public static async Task<ObjectId> StoreBlobAsync(Repository repository, BlobType type, byte[] content)
    {
        var id = ObjectId.Of(content);
        var stored = new byte[content.Length + 32];
        repository.Cipher.Seal(content, stored);
        using var writer = new PackWriter(repository);
        writer.Append(stored, [new PackBlob(id, type, 0, (uint)stored.Length, 0)]);
        await using var packs = new PackStore(repository, 1, TimeProvider.System, default);
        packs.Enqueue(writer.Finish());
        await packs.FinishAsync(default);
        return id;
    }
}
