using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Check;

/// <summary>Loads all index files that can be read, and reports those that cannot or that contradict each other.</summary>
internal static class IndexCheck
{
    public static async Task LoadAsync(Repository repository, Findings findings, CancellationToken cancellationToken)
    {
        var index = new BlobIndex();
        var seen = new Dictionary<ObjectId, ulong>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Index, cancellationToken))
        {
            try
            {
                var json = await repository.LoadUnpackedAsync(info.Name, cancellationToken);
                // Twice: an index that breaks off in the middle must not be taken in by half.
                IndexJson.Read(json, info.Name.Id, static (_, _) => { });
                IndexJson.Read(
                    json,
                    info.Name.Id,
                    (pack, blobs) =>
                    {
                        Compare(info.Name, pack, blobs.Span);
                        index.AddPack(pack, blobs.Span);
                    }
                );
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                findings.Add(CheckFault.IndexDamaged, info.Name, e, "run 'repair index'");
            }
        }
        repository.Index = index;

        void Compare(ObjectName name, ObjectId pack, ReadOnlySpan<PackBlob> blobs)
        {
            var print = Fingerprint(blobs);
            if (seen.TryAdd(pack, print) || seen[pack] == print)
                return;
            findings.Add(
                CheckFault.IndexDisagrees,
                name,
                $"{name}: it does not list for pack {pack} what another index, or another entry of it, does",
                "run 'repair index --read-all-packs'"
            );
        }
    }

    /// <summary>The same for the same blobs in any order.</summary>
    private static ulong Fingerprint(ReadOnlySpan<PackBlob> blobs)
    {
        ulong sum = 0;
        foreach (ref readonly var blob in blobs)
        {
            var mixed = blob.Id.Bucket ^ (ulong)blob.Offset << 32 ^ (ulong)blob.Length << 13 ^ blob.PlainLength;
            sum += (mixed ^ mixed >> 29 ^ (ulong)blob.Type << 61) * 0x9E3779B97F4A7C15;
        }
        return sum;
    }
}
