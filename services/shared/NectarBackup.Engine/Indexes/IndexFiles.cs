using System.Buffers;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Indexes;

/// <summary>
/// Which index file names which packs, so that only those files are written again that have to be. Changes keep the order that makes a crash harmless: new
/// index files first, then the old ones go, and packs only after that.
/// </summary>
internal sealed class IndexFiles
{
    /// <summary>Blobs of a new index file, as restic's limit.</summary>
    private const int MaxBlobs = 50_000;

    /// <summary>So many files of so few blobs are worth being merged.</summary>
    private const int SmallBlobs = 5_000,
        ManySmall = 8;

    private readonly List<(ObjectId Id, int[] Packs, int Blobs)> _files = [];

    /// <summary>Files that cannot be read.</summary>
    public List<(ObjectId Id, Exception Error)> Damaged { get; } = [];

    /// <summary>Loads all index files into the repository's index.</summary>
    /// <param name="repository">Gets a new index.</param>
    /// <param name="tolerant">Go on without files that are damaged; else they are an error.</param>
    /// <param name="cancellationToken">Stops between two files.</param>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task<IndexFiles> LoadAsync(
        Repository repository,
        bool tolerant,
        CancellationToken cancellationToken
    )
    {
        var files = new IndexFiles();
        var index = new BlobIndex();
        var names = new List<ObjectName>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Index, cancellationToken))
            names.Add(info.Name);
        foreach (var name in names)
        {
            try
            {
                var json = await repository.LoadUnpackedAsync(name, cancellationToken);
                var packs = new HashSet<ObjectId>();
                var blobs = 0;
                IndexJson.Read(json, name.Id, (pack, _) => packs.Add(pack));
                IndexJson.Read(
                    json,
                    name.Id,
                    (pack, list) =>
                    {
                        blobs += list.Length;
                        index.AddPack(pack, list.Span);
                    }
                );
                files._files.Add((name.Id, [.. packs.Select(index.FindPack)], blobs));
            }
            catch (RepositoryException e) when (tolerant && e.Error == RepositoryError.Damaged)
            {
                files.Damaged.Add((name.Id, e));
            }
        }
        repository.Index = index;
        return files;
    }

    /// <summary>The files that name one of some packs, and small ones if there are many.</summary>
    public HashSet<ObjectId> Affected(Func<int, bool> isDropped)
    {
        var affected = _files.Where(f => f.Packs.Any(isDropped) || f.Packs.Length == 0).Select(f => f.Id).ToHashSet();
        var small = _files.Where(f => f.Blobs < SmallBlobs).Select(f => f.Id).ToList();
        if (small.Count >= ManySmall)
            affected.UnionWith(small);
        return affected;
    }

    /// <summary>All files, damaged ones as well.</summary>
    public HashSet<ObjectId> All() => [.. _files.Select(f => f.Id), .. Damaged.Select(d => d.Id)];

    /// <summary>Writes new files with the packs of some old ones, but for those that are dropped, and then deletes the old files.</summary>
    public async Task ReplaceAsync(
        Repository repository,
        PackContents contents,
        IReadOnlySet<ObjectId> old,
        Func<int, bool> isDropped,
        CancellationToken cancellationToken
    )
    {
        var kept = _files.Where(f => old.Contains(f.Id)).SelectMany(f => f.Packs).Distinct().Where(p => !isDropped(p));
        await SaveAsync(
            repository,
            kept.Select(p => (repository.Index.PackAt(p), (IReadOnlyList<PackBlob>)contents.BlobsOf(p))),
            cancellationToken
        );
        await DeleteAsync(repository, ObjectKind.Index, old, cancellationToken);
    }

    /// <summary>Writes index files for some packs.</summary>
    public static async Task SaveAsync(
        Repository repository,
        IEnumerable<(ObjectId Pack, IReadOnlyList<PackBlob> Blobs)> packs,
        CancellationToken cancellationToken
    )
    {
        var batch = new List<(ObjectId, IReadOnlyList<PackBlob>)>();
        var count = 0;
        foreach (var pack in packs)
        {
            if (count > 0 && count + pack.Blobs.Count > MaxBlobs)
                await FlushAsync();
            batch.Add(pack);
            count += pack.Blobs.Count;
        }
        if (count > 0)
            await FlushAsync();

        async Task FlushAsync()
        {
            var json = new ArrayBufferWriter<byte>(1 << 16);
            IndexJson.Write(json, batch);
            await repository.SaveUnpackedAsync(ObjectKind.Index, json.WrittenMemory, cancellationToken);
            batch.Clear();
            count = 0;
        }
    }

    /// <summary>Deletes several at once.</summary>
    public static Task DeleteAsync(
        Repository repository,
        ObjectKind kind,
        IEnumerable<ObjectId> ids,
        CancellationToken cancellationToken
    ) =>
        Parallel.ForEachAsync(
            ids,
            new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellationToken },
            async (id, token) => await repository.Store.DeleteAsync(new ObjectName(kind, id), token)
        );
}
