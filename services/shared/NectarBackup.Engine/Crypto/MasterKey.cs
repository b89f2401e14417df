using System.Security.Cryptography;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// The three secrets that seal everything in a repository (restic design: "Keys, Encryption and MAC").
/// </summary>
public sealed class MasterKey
{
    /// <summary>Bytes of <see cref="Encrypt"/> (AES-256).</summary>
    public const int EncryptSize = 32;

    /// <summary>Bytes of <see cref="MacK"/> (AES-128) and of <see cref="MacR"/> (Poly1305).</summary>
    public const int MacSize = 16;

    /// <summary>Bytes of all three in a row, as scrypt yields them: encrypt, mac.k, mac.r.</summary>
    public const int Size = EncryptSize + 2 * MacSize;

    private readonly byte[] _bytes;

    private MasterKey(byte[] bytes)
    {
        _bytes = bytes;
    }

    /// <summary>The AES-256 key of the counter mode.</summary>
    public ReadOnlySpan<byte> Encrypt => _bytes.AsSpan(0, EncryptSize);

    /// <summary>The AES-128 key that turns an IV into the one-time half of the MAC key.</summary>
    public ReadOnlySpan<byte> MacK => _bytes.AsSpan(EncryptSize, MacSize);

    /// <summary>The Poly1305 multiplier, not yet clamped.</summary>
    public ReadOnlySpan<byte> MacR => _bytes.AsSpan(EncryptSize + MacSize, MacSize);

    /// <summary>A new random key.</summary>
    public static MasterKey Generate()
    {
        var bytes = new byte[Size];
        RandomNumberGenerator.Fill(bytes);
        return FromBytes(bytes);
    }

    /// <summary>The key whose parts lie in a row (see <see cref="Size"/>); the bytes are copied.</summary>
    /// <exception cref="RepositoryException">Damaged: wrong length, or a part is all zero.</exception>
    public static MasterKey FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
            throw RepositoryException.Damaged("the key", $"it has {bytes.Length} bytes instead of {Size}");
        return FromParts(bytes[..EncryptSize], bytes.Slice(EncryptSize, MacSize), bytes[(EncryptSize + MacSize)..]);
    }

    /// <summary>The key of three parts of 32, 16 and 16 bytes; they are copied.</summary>
    /// <exception cref="RepositoryException">Damaged: a part has another length, or is all zero.</exception>
    public static MasterKey FromParts(ReadOnlySpan<byte> encrypt, ReadOnlySpan<byte> macK, ReadOnlySpan<byte> macR)
    {
        Require(encrypt, EncryptSize, "encrypt");
        Require(macK, MacSize, "mac.k");
        Require(macR, MacSize, "mac.r");
        var bytes = new byte[Size];
        encrypt.CopyTo(bytes);
        macK.CopyTo(bytes.AsSpan(EncryptSize));
        macR.CopyTo(bytes.AsSpan(EncryptSize + MacSize));
        return new MasterKey(bytes);
    }

    /// <summary>Writes the three parts in a row.</summary>
    /// <exception cref="ArgumentException">Less than <see cref="Size"/> bytes of room.</exception>
    public void CopyTo(Span<byte> destination) => _bytes.CopyTo(destination);

    private static void Require(ReadOnlySpan<byte> part, int size, string name)
    {
        if (part.Length != size)
            throw RepositoryException.Damaged("the key", $"'{name}' has {part.Length} bytes instead of {size}");
        if (part.IndexOfAnyExcept((byte)0) < 0)
            throw RepositoryException.Damaged("the key", $"'{name}' is all zero");
    }
}
