using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// AES-256 in counter mode: the IV is the first counter block, counted up as one big-endian number of 128 bits
/// (NIST SP 800-38A, 6.5). The same call encrypts and decrypts. Thread safe.
/// </summary>
internal sealed class AesCounter
{
    public const int BlockSize = 16;

    // The key stream of one segment stays in the first-level cache between the cipher and the XOR.
    private const int SegmentSize = 16 * 1024;

    [ThreadStatic]
    private static byte[]? _counters;

    private readonly Aes _cipher;
    private readonly AesRoundKeys? _roundKeys;

    public AesCounter(ReadOnlySpan<byte> key)
    {
        _cipher = Aes.Create();
        _cipher.Key = key.ToArray();
        _roundKeys = AesRoundKeys.IsSupported ? new AesRoundKeys(key) : null;
    }

    /// <summary>
    /// XORs the key stream of <paramref name="iv"/> onto <paramref name="source"/>; both spans may be the same memory.
    /// </summary>
    public void Transform(ReadOnlySpan<byte> iv, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var high = BinaryPrimitives.ReadUInt64BigEndian(iv);
        var low = BinaryPrimitives.ReadUInt64BigEndian(iv[8..]);
        Transform(high, low, 0, source, destination);
    }

    /// <summary>As the other, from the counter <c>high:low + firstBlock</c> on.</summary>
    public void Transform(ulong high, ulong low, ulong firstBlock, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        if (destination.Length < source.Length)
            throw new ArgumentException("No room for the result.", nameof(destination));
        var start = low + firstBlock;
        high += start < low ? 1UL : 0;
        if (_roundKeys is not null)
            AesCounterX86.Transform(_roundKeys, high, start, source, destination);
        else
            TransformPortable(high, start, source, destination);
    }

    internal void TransformPortable(ulong high, ulong low, ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var stream = _counters ??= new byte[SegmentSize];
        while (source.Length > 0)
        {
            var length = Math.Min(SegmentSize, source.Length);
            var blocks = (length + BlockSize - 1) / BlockSize;
            var segment = stream.AsSpan(0, blocks * BlockSize);
            for (var i = 0; i < segment.Length; i += BlockSize)
            {
                BinaryPrimitives.WriteUInt64BigEndian(segment[i..], high);
                BinaryPrimitives.WriteUInt64BigEndian(segment[(i + 8)..], low);
                if (++low == 0)
                    high++;
            }
            _cipher.EncryptEcb(segment, segment, PaddingMode.None);
            Xor(source[..length], segment, destination);
            source = source[length..];
            destination = destination[length..];
        }
        // What is left is key stream: whoever reads it reads the plaintext.
        stream.AsSpan().Clear();
    }

    private static void Xor(ReadOnlySpan<byte> source, ReadOnlySpan<byte> stream, Span<byte> destination)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var with = ref MemoryMarshal.GetReference(stream);
        ref var to = ref MemoryMarshal.GetReference(destination);
        var i = 0;
        for (; i + Vector<byte>.Count <= source.Length; i += Vector<byte>.Count)
        {
            var mixed =
                Unsafe.ReadUnaligned<Vector<byte>>(ref Unsafe.Add(ref from, i))
                ^ Unsafe.ReadUnaligned<Vector<byte>>(ref Unsafe.Add(ref with, i));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i), mixed);
        }
        for (; i < source.Length; i++)
            destination[i] = (byte)(source[i] ^ stream[i]);
    }
}
