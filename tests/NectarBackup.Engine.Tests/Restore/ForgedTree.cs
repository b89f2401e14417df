using System.Text;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Tests.Restore;

/// <summary>Trees that no backup writes: their JSON is stored as it is.</summary>
internal static class ForgedTree
{
    public const string Times =
        "\"mode\":420,\"mtime\":\"2020-01-01T00:00:00Z\",\"atime\":\"2020-01-01T00:00:00Z\",\"ctime\":\"2020-01-01T00:00:00Z\",\"uid\":0,\"gid\":0";

    public static string File(string jsonName, params ReadOnlySpan<ObjectId> content) =>
        $"{{\"name\":\"{jsonName}\",\"type\":\"file\",{Times},\"content\":[{string.Join(',', content.ToArray().Select(id => $"\"{id}\""))}]}}";

    public static string Directory(string jsonName, ObjectId tree) =>
        $"{{\"name\":\"{jsonName}\",\"type\":\"dir\",{Times},\"content\":null,\"subtree\":\"{tree}\"}}";

    public static string Link(string jsonName, string target) =>
        $"{{\"name\":\"{jsonName}\",\"type\":\"symlink\",{Times},\"linktarget\":\"{target}\",\"content\":null}}";

    /// <summary>Stores a blob as a pack of its own, by hand: the snapshot writer refuses such trees.</summary>
    public static async Task<ObjectId> StoreTreeAsync(Repository repository, params string[] nodes) =>
        await StoreAsync(
            repository,
            BlobType.Tree,
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{string.Join(',', nodes)}]}}\n")
        );

    public static async Task<ObjectId> StoreAsync(Repository repository, BlobType type, byte[] plain)
    {
        var stored = new byte[plain.Length + BlobCipher.Overhead];
        repository.Cipher.Seal(plain, stored);
        var id = ObjectId.Of(plain);
        using var writer = new PackWriter(repository);
        writer.Append(stored, [new PackBlob(id, type, 0, (uint)stored.Length, 0)]);
        var pack = writer.Finish();
        await repository.Store.PutAsync(
            new ObjectName(ObjectKind.Pack, pack.Id),
            ObjectContent.OfSpoolFile(pack.SpoolPath, pack.Length),
            default
        );
        repository.Index.AddPack(pack.Id, pack.Blobs.ToArray());
        return id;
    }
}
