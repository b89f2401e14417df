using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// The names of one directory in ascending order of their bytes, which is the order of a tree. One native arena and 16 bytes per entry: a
/// directory of a million entries costs no object each. Neither "." nor ".." is among them.
/// </summary>
public sealed unsafe class DirectoryNames : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // Offsets are 31 bits: about ten million names of 200 bytes.
    private const long MaxArenaSize = int.MaxValue;

    // struct linux_dirent64: inode (8), offset (8), record length (2), type (1), name with NUL.
    private const int RecordLengthAt = 16;
    private const int NameAt = 19;

    private byte* _arena;
    private long _arenaSize;
    private long _arenaUsed;
    private Entry[] _entries = new Entry[16];

    private DirectoryNames() { }

    public int Count { get; private set; }

    /// <summary>The name's bytes; valid until <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            ObjectDisposedException.ThrowIf(_arena == null, this);
            return Name(_entries[index]);
        }
    }

    private ReadOnlySpan<byte> Name(in Entry entry) => new(_arena + entry.Offset, entry.Length);

    /// <summary>Reads all entries from an open directory whose position is at its start; 0 or the errno.</summary>
    internal static int Read(int directory, out DirectoryNames names)
    {
        names = new DirectoryNames();
        var buffer = (byte*)NativeMemory.Alloc(BufferSize);
        try
        {
            while (true)
            {
                var length = LibC.ReadEntries(directory, buffer, BufferSize);
                if (length == 0)
                    break;
                var errno = length < 0 ? LibC.LastError : names.AddAll(new ReadOnlySpan<byte>(buffer, (int)length));
                if (errno == Errno.Interrupted)
                    continue;
                if (errno != 0)
                {
                    names.Dispose();
                    return errno;
                }
            }
        }
        catch
        {
            names.Dispose();
            throw;
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
        names.Sort();
        return 0;
    }

    private int AddAll(ReadOnlySpan<byte> records)
    {
        while (records.Length > NameAt)
        {
            var length = BinaryPrimitives.ReverseEndianness(
                BinaryPrimitives.ReadUInt16BigEndian(records[RecordLengthAt..])
            );
            if (length <= NameAt || length > records.Length)
                return Errno.InputOutput;
            var name = records[NameAt..length];
            var end = name.IndexOf((byte)0);
            // A file system on damaged or foreign ground (FUSE) may offer a name that could lead elsewhere.
            if (end <= 0 || name[..end].Contains((byte)'/'))
                return Errno.InputOutput;
            if (!(end == 1 && name[0] == '.') && !(end == 2 && name[0] == '.' && name[1] == '.'))
            {
                if (_arenaUsed + end > MaxArenaSize)
                    return Errno.NameTooLong;
                Add(name[..end]);
            }
            records = records[length..];
        }
        return 0;
    }

    private void Add(ReadOnlySpan<byte> name)
    {
        if (_arenaUsed + name.Length > _arenaSize)
        {
            _arenaSize = Math.Max(_arenaSize * 2, 1024);
            _arena = (byte*)NativeMemory.Realloc(_arena, (nuint)_arenaSize);
        }
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        name.CopyTo(new Span<byte>(_arena + _arenaUsed, name.Length));
        _entries[Count++] = new Entry(Prefix(name), (int)_arenaUsed, name.Length);
        _arenaUsed += name.Length;
    }

    // No name holds a NUL, so padding with NUL keeps the order.
    private static ulong Prefix(ReadOnlySpan<byte> name)
    {
        if (name.Length >= 8)
            return BinaryPrimitives.ReadUInt64BigEndian(name);
        Span<byte> padded = stackalloc byte[8];
        padded.Clear();
        name.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    // Most file systems return names in no order, but some (and small directories) are sorted already.
    private void Sort() => _entries.AsSpan(0, Count).Sort(Compare);

    private int Compare(Entry left, Entry right) =>
        left.Prefix != right.Prefix ? left.Prefix.CompareTo(right.Prefix) : Name(left).SequenceCompareTo(Name(right));

    /// <summary>The place of <paramref name="name"/>, or a negative number if it is not among them.</summary>
    public int IndexOf(ReadOnlySpan<byte> name)
    {
        int low = 0,
            high = Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = this[middle].SequenceCompareTo(name);
            if (order == 0)
                return middle;
            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return ~low;
    }

    public void Dispose()
    {
        NativeMemory.Free(_arena);
        _arena = null;
        Count = 0;
        _entries = [];
    }

    private readonly record struct Entry(ulong Prefix, int Offset, int Length);
}
