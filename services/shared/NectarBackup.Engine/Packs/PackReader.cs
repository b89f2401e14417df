using System.Buffers.Binary;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Packs;

/// <summary>Reads the header of a stored pack.</summary>
public static class PackReader
{
    /// <summary>The end of a pack that is read at once: holds the headers of all packs but those of very small blobs.</summary>
    private const int FirstRead = 16 << 10;

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task<List<PackBlob>> ReadHeaderAsync(
        Repository repository,
        ObjectId pack,
        long packLength,
        CancellationToken cancellationToken
    )
    {
        if (packLength < PackHeader.LengthField + BlobCipher.Overhead || packLength > uint.MaxValue)
            throw RepositoryException.Damaged($"pack {pack}", $"it has {packLength} bytes");
        var name = new ObjectName(ObjectKind.Pack, pack);
        var tail = new byte[Math.Min(FirstRead, packLength)];
        await repository.Store.ReadAsync(name, packLength - tail.Length, tail, cancellationToken);
        var length = CheckLength(tail, packLength, pack);
        if (length + PackHeader.LengthField > tail.Length)
        {
            tail = new byte[length + PackHeader.LengthField];
            await repository.Store.ReadAsync(name, packLength - tail.Length, tail, cancellationToken);
        }
        return Open(repository, tail.AsSpan(0, tail.Length - PackHeader.LengthField)[^length..], packLength, pack);
    }

    /// <summary>The sealed header's length, read from the last bytes of a pack and checked.</summary>
    public static int CheckLength(ReadOnlySpan<byte> tail, long packLength, ObjectId pack)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(tail[^PackHeader.LengthField..]);
        return
            length >= BlobCipher.Overhead
            && length <= PackHeader.MaxSealedLength
            && length <= packLength - PackHeader.LengthField
            ? (int)length
            : throw RepositoryException.Damaged($"pack {pack}", $"it claims a header of {length} bytes");
    }

    /// <summary>Opens and parses a sealed header.</summary>
    public static List<PackBlob> Open(Repository repository, ReadOnlySpan<byte> header, long packLength, ObjectId pack)
    {
        var entries = new byte[header.Length - BlobCipher.Overhead];
        return repository.Cipher.TryOpen(header, entries)
            ? PackHeader.Parse(entries, packLength, pack)
            : throw RepositoryException.Damaged($"the header of pack {pack}", "its authentication code is wrong");
    }
}
