using System.Buffers.Binary;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Packs;

/// <summary>
/// The table at the end of a pack (restic design: "Pack Format"): <c>blob... sealed(entries) u32(length of the sealed entries)</c>. An entry is
/// type, sealed length, [content length if compressed], id.
/// </summary>
public static class PackHeader
{
    /// <summary>Bytes of the length field that ends every pack.</summary>
    public const int LengthField = 4;

    /// <summary>Longest sealed header that is read, in bytes; as restic (<c>pack.MaxHeaderSize</c>).</summary>
    public const int MaxSealedLength = 16 << 20;

    /// <summary>Longest content of a data blob that is accepted, in bytes; chunks end at 8 MiB, other programs may cut larger.</summary>
    public const int MaxDataLength = 128 << 20;

    /// <summary>Longest content of a tree that is accepted, in bytes: a directory of about two million entries.</summary>
    public const int MaxTreeLength = 1 << 30;

    // What sealing, and compressing what does not shrink (a 256th part), may add to the longest content.
    private const uint MaxOverhead = 8 << 20;

    private const int PlainEntry = 1 + 4 + ObjectId.Size;
    private const int CompressedEntry = PlainEntry + 4;

    /// <summary>Bytes of one entry.</summary>
    public static int EntryLength(in PackBlob blob) => blob.IsCompressed ? CompressedEntry : PlainEntry;

    /// <summary>The size that a pack of these blobs has, in bytes.</summary>
    public static long PackLength(IEnumerable<PackBlob> blobs) =>
        LengthField + BlobCipher.Overhead + blobs.Sum(blob => (long)blob.Length + EntryLength(blob));

    /// <summary>Entries of the blobs in pack order, not yet sealed.</summary>
    public static byte[] Encode(IReadOnlyList<PackBlob> blobs)
    {
        var length = 0;
        for (var i = 0; i < blobs.Count; i++)
            length += EntryLength(blobs[i]);
        var header = new byte[length];
        var rest = header.AsSpan();
        for (var i = 0; i < blobs.Count; i++)
        {
            var blob = blobs[i];
            rest[0] = (byte)((byte)blob.Type | (blob.IsCompressed ? 2 : 0));
            BinaryPrimitives.WriteUInt32LittleEndian(rest[1..], blob.Length);
            var id = 5;
            if (blob.IsCompressed)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(rest[5..], blob.PlainLength);
                id = 9;
            }
            blob.Id.CopyTo(rest[id..]);
            rest = rest[(id + ObjectId.Size)..];
        }
        return header;
    }

    /// <summary>Reads unsealed entries and checks every length against the pack's own.</summary>
    /// <exception cref="RepositoryException">Damaged: the entries do not describe a pack of that length.</exception>
    public static List<PackBlob> Parse(ReadOnlySpan<byte> entries, long packLength, ObjectId pack)
    {
        var blobs = new List<PackBlob>(entries.Length / CompressedEntry);
        var end = packLength - LengthField - BlobCipher.Overhead - entries.Length;
        long offset = 0;
        if (packLength > uint.MaxValue)
            throw Bad(pack, "offsets of a pack have 32 bits"); // and would run over
        while (!entries.IsEmpty)
        {
            var kind = entries[0];
            var size = kind is 2 or 3 ? CompressedEntry : PlainEntry;
            if (kind > 3)
                throw Bad(pack, $"unknown blob type {kind}");
            if (entries.Length < size)
                throw Bad(pack, "the last entry is cut off");
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entries[1..]);
            var plain = kind >= 2 ? BinaryPrimitives.ReadUInt32LittleEndian(entries[5..]) : 0;
            var blob = new PackBlob(
                new ObjectId(entries[(size - ObjectId.Size)..size]),
                (BlobType)(kind & 1),
                (uint)offset,
                length,
                plain
            );
            if (FindFault(blob, end) is { } fault || (kind >= 2 && plain == 0 && (fault = "no content length") != null))
                throw Bad(pack, fault);
            blobs.Add(blob);
            offset += length;
            entries = entries[size..];
        }
        if (offset != end)
            throw Bad(pack, $"its blobs end at {offset}, not at {end}");
        return blobs;
    }

    /// <summary>Says what is wrong with a blob's place in a pack whose blobs end at <paramref name="end"/>; null if nothing.</summary>
    public static string? FindFault(in PackBlob blob, long end) =>
        blob.Length <= BlobCipher.Overhead ? $"blob {blob.Id.Short} has impossible length {blob.Length}"
        : (long)blob.Offset + blob.Length > end ? $"blob {blob.Id.Short} reaches beyond the end"
        : blob.ContentLength > MaxLength(blob.Type)
            ? $"blob {blob.Id.Short} claims {blob.ContentLength} bytes, more than any blob may have"
        : blob.Length > MaxLength(blob.Type) + MaxOverhead
            ? $"blob {blob.Id.Short} claims to take {blob.Length} bytes, more than any blob may"
        : null;

    private static uint MaxLength(BlobType type) => (uint)(type == BlobType.Tree ? MaxTreeLength : MaxDataLength);

    private static RepositoryException Bad(ObjectId pack, string how) =>
        RepositoryException.Damaged($"the header of pack {pack}", how);
}
