using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace NectarBackup.Engine;

/// <summary>
/// The SHA-256 that names a blob, or a file of the repository; 64 lower-case hex digits as text (restic design: "IDs").
/// </summary>
public readonly struct ObjectId : IEquatable<ObjectId>, IComparable<ObjectId>
{
    /// <summary>Bytes of an id.</summary>
    public const int Size = 32;

    /// <summary>Hex digits of an id as text.</summary>
    public const int HexLength = 64;

    // Big-endian words, so that comparing them in turn compares the bytes.
    private readonly ulong _a,
        _b,
        _c,
        _d;

    /// <exception cref="ArgumentException">The span does not hold exactly 32 bytes.</exception>
    public ObjectId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw new ArgumentException("An id has 32 bytes.", nameof(bytes));
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <summary>The SHA-256 of <paramref name="content"/>.</summary>
    public static ObjectId Of(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(content, hash);
        return new ObjectId(hash);
    }

    public bool IsZero => (_a | _b | _c | _d) == 0;

    /// <summary>32 well-mixed bits for hash tables. Not secret: an id may be chosen by whoever chooses the content.</summary>
    public uint Bucket => (uint)_b;

    /// <summary>The first byte: the directory of a pack under <c>data/</c>.</summary>
    public byte First => (byte)(_a >> 56);

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <summary>Writes the 64 hex digits as ASCII.</summary>
    /// <exception cref="ArgumentException">The span holds less than <see cref="HexLength"/> bytes.</exception>
    public void WriteHex(Span<byte> destination)
    {
        Span<byte> raw = stackalloc byte[Size];
        CopyTo(raw);
        if (!Convert.TryToHexStringLower(raw, destination, out _))
            throw new ArgumentException("An id as text has 64 bytes.", nameof(destination));
    }

    /// <summary>Reads 64 lower-case hex digits; anything else is no id.</summary>
    public static bool TryParse(ReadOnlySpan<byte> hex, out ObjectId id)
    {
        id = default;
        Span<byte> raw = stackalloc byte[Size];
        if (
            hex.Length != HexLength
            || hex.ContainsAnyInRange((byte)'A', (byte)'F')
            || Convert.FromHexString(hex, raw, out _, out _) != OperationStatus.Done
        )
            return false;
        id = new ObjectId(raw);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<char> hex, out ObjectId id)
    {
        id = default;
        Span<byte> raw = stackalloc byte[Size];
        if (
            hex.Length != HexLength
            || hex.ContainsAnyInRange('A', 'F')
            || Convert.FromHexString(hex, raw, out _, out _) != OperationStatus.Done
        )
            return false;
        id = new ObjectId(raw);
        return true;
    }

    /// <exception cref="FormatException">Not 64 lower-case hex digits.</exception>
    public static ObjectId Parse(string hex) =>
        TryParse(hex.AsSpan(), out var id)
            ? id
            : throw new FormatException($"'{hex}' is no id: 64 hex digits expected.");

    /// <summary>The first eight digits, as restic shows ids to people.</summary>
    public string Short => ToString()[..8];

    public override string ToString()
    {
        Span<byte> raw = stackalloc byte[Size];
        CopyTo(raw);
        return Convert.ToHexStringLower(raw);
    }

    public bool Equals(ObjectId other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is ObjectId other && Equals(other);

    public override int GetHashCode() => (int)_b;

    public int CompareTo(ObjectId other)
    {
        var order = _a.CompareTo(other._a);
        if (order == 0)
            order = _b.CompareTo(other._b);
        if (order == 0)
            order = _c.CompareTo(other._c);
        return order != 0 ? order : _d.CompareTo(other._d);
    }

    public static bool operator ==(ObjectId left, ObjectId right) => left.Equals(right);

    public static bool operator !=(ObjectId left, ObjectId right) => !left.Equals(right);

    public static bool operator <(ObjectId left, ObjectId right) => left.CompareTo(right) < 0;

    public static bool operator >(ObjectId left, ObjectId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ObjectId left, ObjectId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ObjectId left, ObjectId right) => left.CompareTo(right) >= 0;
}
