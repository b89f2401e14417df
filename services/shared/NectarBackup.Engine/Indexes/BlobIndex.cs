using System.Runtime.InteropServices;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Indexes;

/// <summary>A blob and the pack that holds it.</summary>
public readonly record struct BlobLocation(ObjectId Pack, PackBlob Blob);

/// <summary>
/// Which blob lies where: the union of all index files, and what the running backup adds. 48 bytes a blob in segments that never move, found
/// through a table of entry numbers (4 bytes at a load of at most 3/4): 53 to 59 bytes a blob. Thread safe.
/// A blob that lies in several packs has one entry for each; readers try them in turn.
/// </summary>
public sealed class BlobIndex
{
    private const int SegmentBits = 14;
    private const int SegmentSize = 1 << SegmentBits;
    private const uint TreeFlag = 1u << 31;
    private const uint Unwritten = TreeFlag - 1;

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Entry
    {
        public ObjectId Id;
        public uint PackAndType;
        public uint Offset;
        public uint Length;
        public uint PlainLength;
    }

    private readonly Lock _lock = new();
    private readonly List<Entry[]> _segments = [];
    private readonly List<ObjectId> _packs = [];
    private readonly Dictionary<ObjectId, uint> _packNumbers = [];
    private int[] _table = new int[1 << 12]; // entry number + 1; 0 = free
    private int _count;

    /// <summary>Entries, duplicates included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>All packs that have an entry, in no order.</summary>
    public ObjectId[] Packs
    {
        get
        {
            lock (_lock)
                return [.. _packNumbers.Keys];
        }
    }

    public bool ContainsPack(ObjectId pack)
    {
        lock (_lock)
            return _packNumbers.ContainsKey(pack);
    }

    /// <summary>Adds a blob that lies in a stored pack. The same place twice is one entry.</summary>
    public void Add(ObjectId pack, in PackBlob blob)
    {
        lock (_lock)
            AddLocked(NumberOf(pack), blob);
    }

    /// <summary>Adds the blobs of one stored pack.</summary>
    public void AddPack(ObjectId pack, ReadOnlySpan<PackBlob> blobs)
    {
        lock (_lock)
        {
            var number = NumberOf(pack);
            foreach (ref readonly var blob in blobs)
                AddLocked(number, blob);
        }
    }

    /// <summary>
    /// True if the blob is unknown: the caller now has to store it, and everyone who asks later is told that it is there. When it lies in a pack,
    /// <see cref="AddPack"/> says where.
    /// </summary>
    public bool TryClaim(BlobType type, ObjectId id)
    {
        lock (_lock)
        {
            if (Find(type, id, out _) >= 0)
                return false;
            Insert(type, id, Unwritten, default);
            return true;
        }
    }

    public bool Contains(BlobType type, ObjectId id)
    {
        lock (_lock)
            return Find(type, id, out _) >= 0;
    }

    /// <summary>The first known place of a blob in a stored pack.</summary>
    public bool TryFind(BlobType type, ObjectId id, out BlobLocation location)
    {
        lock (_lock)
        {
            var slot = -1;
            while ((slot = FindNext(type, id, slot)) >= 0)
            {
                ref var entry = ref EntryAt(_table[slot] - 1);
                if ((entry.PackAndType & ~TreeFlag) == Unwritten)
                    continue;
                location = ToLocation(entry);
                return true;
            }
        }
        location = default;
        return false;
    }

    /// <summary>Every known place of a blob.</summary>
    public List<BlobLocation> FindAll(BlobType type, ObjectId id)
    {
        var found = new List<BlobLocation>(1);
        lock (_lock)
        {
            var slot = -1;
            while ((slot = FindNext(type, id, slot)) >= 0)
            {
                ref var entry = ref EntryAt(_table[slot] - 1);
                if ((entry.PackAndType & ~TreeFlag) != Unwritten)
                    found.Add(ToLocation(entry));
            }
        }
        return found;
    }

    /// <summary>The number of a blob's first entry, below <see cref="Count"/> and the same for the life of the index; -1 if the blob is unknown.</summary>
    internal int FindEntry(BlobType type, ObjectId id)
    {
        lock (_lock)
        {
            var slot = FindNext(type, id, -1);
            return slot < 0 ? -1 : _table[slot] - 1;
        }
    }

    /// <summary>The numbers of all entries of a blob.</summary>
    internal void FindEntries(BlobType type, ObjectId id, List<int> found)
    {
        found.Clear();
        lock (_lock)
        {
            var slot = -1;
            while ((slot = FindNext(type, id, slot)) >= 0)
                found.Add(_table[slot] - 1);
        }
    }

    /// <summary>One past the highest number of a pack.</summary>
    internal int PackCount
    {
        get
        {
            lock (_lock)
                return _packs.Count;
        }
    }

    internal ObjectId PackAt(int number)
    {
        lock (_lock)
            return _packs[number];
    }

    /// <summary>The number of a pack, or -1.</summary>
    internal int FindPack(ObjectId pack)
    {
        lock (_lock)
            return _packNumbers.TryGetValue(pack, out var number) ? (int)number : -1;
    }

    /// <summary>An entry by its number, and the number of its pack: -1 if it lies in none yet.</summary>
    internal PackBlob BlobAt(int number, out int pack)
    {
        lock (_lock)
        {
            ref var entry = ref EntryAt(number);
            var place = entry.PackAndType & ~TreeFlag;
            pack = place == Unwritten ? -1 : (int)place;
            var type = (entry.PackAndType & TreeFlag) != 0 ? BlobType.Tree : BlobType.Data;
            return new PackBlob(entry.Id, type, entry.Offset, entry.Length, entry.PlainLength);
        }
    }

    /// <summary>All places of all blobs as they stand while they are read; what is added meanwhile may be missed.</summary>
    public IEnumerable<BlobLocation> Locations()
    {
        for (var i = 0; i < Count; i++)
        {
            BlobLocation location;
            lock (_lock)
            {
                ref var entry = ref EntryAt(i);
                if ((entry.PackAndType & ~TreeFlag) == Unwritten)
                    continue;
                location = ToLocation(entry);
            }
            yield return location;
        }
    }

    private uint NumberOf(ObjectId pack)
    {
        if (_packNumbers.TryGetValue(pack, out var number))
            return number;
        number = (uint)_packs.Count;
        if (number >= Unwritten)
            throw new RepositoryException(RepositoryError.Unsupported, $"more than {Unwritten} packs");
        _packs.Add(pack);
        _packNumbers.Add(pack, number);
        return number;
    }

    private void AddLocked(uint pack, in PackBlob blob)
    {
        var slot = -1;
        while ((slot = FindNext(blob.Type, blob.Id, slot)) >= 0)
        {
            ref var entry = ref EntryAt(_table[slot] - 1);
            var known = entry.PackAndType & ~TreeFlag;
            if (known == pack && entry.Offset == blob.Offset)
                return;
            if (known != Unwritten)
                continue;
            entry.PackAndType = entry.PackAndType & TreeFlag | pack;
            entry.Offset = blob.Offset;
            entry.Length = blob.Length;
            entry.PlainLength = blob.PlainLength;
            return;
        }
        Insert(blob.Type, blob.Id, pack, blob);
    }

    private void Insert(BlobType type, ObjectId id, uint pack, in PackBlob blob)
    {
        if (_count >= _table.Length / 4 * 3)
            GrowTable();
        if (_count >> SegmentBits == _segments.Count)
            _segments.Add(new Entry[SegmentSize]);
        EntryAt(_count) = new Entry
        {
            Id = id,
            PackAndType = pack | (type == BlobType.Tree ? TreeFlag : 0),
            Offset = blob.Offset,
            Length = blob.Length,
            PlainLength = blob.PlainLength,
        };
        Place(_table, id, _count + 1);
        Volatile.Write(ref _count, _count + 1);
    }

    private void GrowTable()
    {
        var larger = new int[_table.Length * 2];
        for (var i = 0; i < _count; i++)
            Place(larger, EntryAt(i).Id, i + 1);
        _table = larger;
    }

    private static void Place(int[] table, ObjectId id, int number)
    {
        var slot = id.Bucket & (uint)(table.Length - 1);
        while (table[slot] != 0)
            slot = slot + 1 & (uint)(table.Length - 1);
        table[slot] = number;
    }

    private int Find(BlobType type, ObjectId id, out uint pack)
    {
        var slot = FindNext(type, id, -1);
        pack = slot < 0 ? 0 : EntryAt(_table[slot] - 1).PackAndType & ~TreeFlag;
        return slot;
    }

    /// <summary>The next slot of the table after <paramref name="slot"/> (-1 = from the start) that holds this blob, or -1.</summary>
    private int FindNext(BlobType type, ObjectId id, int slot)
    {
        var mask = (uint)(_table.Length - 1);
        var at = slot < 0 ? id.Bucket & mask : (uint)slot + 1 & mask;
        var flag = type == BlobType.Tree ? TreeFlag : 0;
        for (int number; (number = _table[at]) != 0; at = at + 1 & mask)
        {
            ref var entry = ref EntryAt(number - 1);
            if (entry.Id == id && (entry.PackAndType & TreeFlag) == flag)
                return (int)at;
        }
        return -1;
    }

    private ref Entry EntryAt(int number) => ref _segments[number >> SegmentBits][number & SegmentSize - 1];

    private BlobLocation ToLocation(in Entry entry) =>
        new(
            _packs[(int)(entry.PackAndType & ~TreeFlag)],
            new PackBlob(
                entry.Id,
                (entry.PackAndType & TreeFlag) != 0 ? BlobType.Tree : BlobType.Data,
                entry.Offset,
                entry.Length,
                entry.PlainLength
            )
        );
}
