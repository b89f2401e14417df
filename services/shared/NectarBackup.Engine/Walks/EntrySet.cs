using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Walks;

/// <summary>A set of index entries: one bit each. Entries that are added to the index later are never in it. Thread safe.</summary>
internal sealed class EntrySet(BlobIndex index)
{
    private readonly ulong[] _bits = new ulong[(index.Count + 63) / 64];

    public BlobIndex Index => index;

    /// <returns>True if it was not in the set before.</returns>
    public bool Add(int entry)
    {
        var bit = 1ul << (entry & 63);
        return (Interlocked.Or(ref _bits[entry >> 6], bit) & bit) == 0;
    }

    public bool Contains(int entry) =>
        entry >> 6 < _bits.Length && (Volatile.Read(ref _bits[entry >> 6]) & 1ul << (entry & 63)) != 0;

    public bool Contains(BlobType type, ObjectId id) =>
        index.FindEntry(type, id) is >= 0 and var entry && Contains(entry);

    public int Count => _bits.Sum(static word => System.Numerics.BitOperations.PopCount(word));
}
