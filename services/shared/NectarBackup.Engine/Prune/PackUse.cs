using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Prune;

/// <summary>One pack, as a prune sees it.</summary>
internal struct PackUse
{
    public BlobSum Used;
    public BlobSum Unused;
    public BlobSum Duplicate;
    public bool HasTrees;
    public bool HasData;
    public bool HasRawTree;
    public bool HasRawData;

    /// <summary>Bytes in the store; -1 if it is missing.</summary>
    public long Length;

    /// <summary>It is there and has the size that its entries say.</summary>
    public bool IsSound;

    public readonly long Waste => Unused.Bytes + Duplicate.Bytes;
}

/// <summary>
/// Decides for every needed blob which of its places is kept, and sums up what that makes of each pack. Of several places one in a pack without waste is preferred:
/// so the work of a prune that was interrupted is found again, and old packs that have been copied can go.
/// </summary>
internal sealed class PackUses
{
    private readonly BlobIndex _index;

    private PackUses(BlobIndex index, PackUse[] packs)
    {
        _index = index;
        Packs = packs;
        Keep = new EntrySet(index);
    }

    /// <summary>By the index's pack numbers.</summary>
    public PackUse[] Packs { get; }

    /// <summary>The entries that are kept: one for each blob that is needed.</summary>
    public EntrySet Keep { get; }

    /// <exception cref="RepositoryException">Damaged: a needed blob has no place in a pack that is there with the right size.</exception>
    public static PackUses Find(PackContents contents, EntrySet used, Dictionary<ObjectId, long> lengths)
    {
        var index = used.Index;
        var packs = new PackUse[contents.PackCount];
        for (var i = 0; i < packs.Length; i++)
        {
            packs[i].Length = lengths.TryGetValue(index.PackAt(i), out var length) ? length : -1;
            packs[i].IsSound = packs[i].Length == contents.LengthOf(i);
        }
        var uses = new PackUses(index, packs);
        var several = uses.AddSingles(used);
        uses.AddSeveral(several);
        return uses;
    }

    /// <returns>The first entries of the needed blobs that have more than one place.</returns>
    private List<int> AddSingles(EntrySet used)
    {
        var several = new List<int>();
        var places = new List<int>();
        for (var entry = 0; entry < _index.Count; entry++)
        {
            var blob = _index.BlobAt(entry, out var pack);
            if (pack < 0)
                continue;
            NoteKind(ref Packs[pack], blob);
            _index.FindEntries(blob.Type, blob.Id, places);
            if (!used.Contains(places[0]))
                Packs[pack].Unused.Add(SizeOf(blob));
            else if (places.Count > 1)
            {
                if (entry == places[0])
                    several.Add(entry);
            }
            else
                KeepEntry(entry, pack, blob);
        }
        return several;
    }

    private void AddSeveral(List<int> several)
    {
        // Judged by what the packs are without the blobs in question, so that the order does not matter.
        var waste = Array.ConvertAll(Packs, static p => p.Length <= 0 ? 1 : (double)p.Unused.Bytes / p.Length);
        var needed = Array.ConvertAll(Packs, static p => p.Used.Bytes);
        var places = new List<int>();
        foreach (var first in several)
        {
            var blob = _index.BlobAt(first, out _);
            _index.FindEntries(blob.Type, blob.Id, places);
            var best = places.MaxBy(entry =>
            {
                _index.BlobAt(entry, out var pack);
                return (Packs[pack].IsSound, -waste[pack], needed[pack], _index.PackAt(pack));
            });
            foreach (var entry in places)
            {
                var place = _index.BlobAt(entry, out var pack);
                if (entry == best)
                    KeepEntry(entry, pack, place);
                else
                    Packs[pack].Duplicate.Add(SizeOf(place));
            }
        }
    }

    private void KeepEntry(int entry, int pack, in PackBlob blob)
    {
        ref var place = ref Packs[pack];
        if (!place.IsSound)
            throw RepositoryException.Damaged(
                $"pack {_index.PackAt(pack)}",
                (place.Length < 0 ? "it is missing" : $"it has {place.Length} bytes, not what the index expects")
                    + $", and {blob.Type.ToString().ToLowerInvariant()} blob {blob.Id.Short} in it is needed"
            );
        Keep.Add(entry);
        place.Used.Add(SizeOf(blob));
    }

    private static void NoteKind(ref PackUse pack, in PackBlob blob)
    {
        var isTree = blob.Type == BlobType.Tree;
        pack.HasTrees |= isTree;
        pack.HasData |= !isTree;
        pack.HasRawTree |= isTree && !blob.IsCompressed;
        pack.HasRawData |= !isTree && !blob.IsCompressed;
    }

    public static long SizeOf(in PackBlob blob) => (long)blob.Length + PackHeader.EntryLength(blob);
}
