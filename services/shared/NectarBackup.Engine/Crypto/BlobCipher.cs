using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// Seals and opens whatever a repository stores: <c>IV[16] || AES-256-CTR(plain) || Poly1305-AES[16]</c>, the MAC over
/// the ciphertext alone (restic design: "Keys, Encryption and MAC"; <c>internal/crypto/crypto.go:Seal,Open</c>).
/// Thread safe; allocates nothing on processors with AES instructions.
/// </summary>
public sealed class BlobCipher(MasterKey key)
{
    /// <summary>Bytes a sealed buffer is longer than its plaintext.</summary>
    public const int Overhead = IvSize + Poly1305.TagSize;

    private const int IvSize = AesCounter.BlockSize;

    // Encrypted and summed while in the first-level cache; a multiple of the block sizes of both.
    private const int SegmentSize = 16 * 1024;

    private readonly AesCounter _counter = new(key.Encrypt);
    private readonly Poly1305 _mac = new(key.MacR);
    private readonly AesRoundKeys? _oneTime = AesRoundKeys.IsSupported ? new AesRoundKeys(key.MacK) : null;
    private readonly Aes? _oneTimePortable = AesRoundKeys.IsSupported ? null : CreateAes(key.MacK);

    /// <summary>Seals under a fresh random IV.</summary>
    /// <param name="plain">Any length; may be the memory of <c>sealedBytes[16..^16]</c> itself.</param>
    /// <param name="sealedBytes">Exactly <see cref="Overhead"/> bytes longer than the plaintext.</param>
    /// <exception cref="ArgumentException">Wrong length, or the spans overlap in another way.</exception>
    public void Seal(ReadOnlySpan<byte> plain, Span<byte> sealedBytes)
    {
        RequireRoom(plain.Length, sealedBytes.Length, plain, sealedBytes);
        RandomPool.NextIv(sealedBytes[..IvSize]);
        SealUnderIv(plain, sealedBytes);
    }

    /// <summary>As <see cref="Seal"/>, under the IV that stands in the first 16 bytes already. For known answers.</summary>
    internal void SealUnderIv(ReadOnlySpan<byte> plain, Span<byte> sealedBytes)
    {
        var iv = sealedBytes[..IvSize];
        var cipherText = sealedBytes.Slice(IvSize, plain.Length);
        var high = BinaryPrimitives.ReadUInt64BigEndian(iv);
        var low = BinaryPrimitives.ReadUInt64BigEndian(iv[8..]);
        var sum = default(Poly1305Sum);
        for (var done = 0; done < plain.Length; done += SegmentSize)
        {
            var length = Math.Min(SegmentSize, plain.Length - done);
            var segment = cipherText.Slice(done, length);
            _counter.Transform(high, low, (ulong)done / AesCounter.BlockSize, plain.Slice(done, length), segment);
            _mac.Add(ref sum, segment);
        }
        Span<byte> oneTime = stackalloc byte[Poly1305.TagSize];
        OneTimeKey(iv, oneTime);
        Poly1305.Finish(sum, oneTime, sealedBytes[^Poly1305.TagSize..]);
    }

    /// <summary>
    /// Opens a sealed buffer. The MAC is compared first, in constant time; nothing is decrypted unless it holds.
    /// </summary>
    /// <param name="sealedBytes">What <see cref="Seal"/> made, from outside and so of any length.</param>
    /// <param name="plain">Exactly <see cref="Overhead"/> bytes shorter; may be <c>sealedBytes[16..^16]</c> itself.</param>
    /// <returns>False, with <paramref name="plain"/> untouched, if the buffer is too short or its MAC is wrong.</returns>
    /// <exception cref="ArgumentException">Wrong length of the room, or the spans overlap in another way.</exception>
    public bool TryOpen(ReadOnlySpan<byte> sealedBytes, Span<byte> plain)
    {
        if (sealedBytes.Length < Overhead)
            return false;
        RequireRoom(plain.Length, sealedBytes.Length, plain, sealedBytes);
        var iv = sealedBytes[..IvSize];
        var cipherText = sealedBytes[IvSize..^Poly1305.TagSize];
        Span<byte> oneTime = stackalloc byte[Poly1305.TagSize];
        Span<byte> tag = stackalloc byte[Poly1305.TagSize];
        OneTimeKey(iv, oneTime);
        _mac.Tag(cipherText, oneTime, tag);
        if (!CryptographicOperations.FixedTimeEquals(tag, sealedBytes[^Poly1305.TagSize..]))
            return false;
        _counter.Transform(iv, cipherText, plain);
        return true;
    }

    private void OneTimeKey(ReadOnlySpan<byte> iv, Span<byte> s)
    {
        if (_oneTime is not null)
            _oneTime.EncryptBlock(Vector128.Create(iv)).CopyTo(s);
        else
            _oneTimePortable!.EncryptEcb(iv, s, PaddingMode.None);
    }

    private static Aes CreateAes(ReadOnlySpan<byte> key)
    {
        var aes = Aes.Create();
        aes.Key = key.ToArray();
        return aes;
    }

    private static void RequireRoom(
        int plainLength,
        int sealedLength,
        ReadOnlySpan<byte> plain,
        ReadOnlySpan<byte> sealedBytes
    )
    {
        if (sealedLength != (long)plainLength + Overhead)
            throw new ArgumentException($"A sealed buffer is {Overhead} bytes longer than its plaintext.");
        if (plain.Overlaps(sealedBytes, out var offset) && offset != -IvSize)
            throw new ArgumentException("Plaintext may overlap its sealed form only in place, 16 bytes in.");
    }
}
