using NectarBackup.Engine.Chunking;

namespace NectarBackup.Engine.Tests.Chunking;

/// <summary>The chunker's definition taken literally: a ring of 64 bytes, one byte after the other.</summary>
internal static class RingRabin
{
    public static List<int> Cut(ChunkerPolynomial polynomial, ReadOnlySpan<byte> data)
    {
        var cuts = new List<int>();
        while (!data.IsEmpty)
        {
            var length = Next(polynomial, data);
            cuts.Add(length);
            data = data[length..];
        }
        return cuts;
    }

    private static int Next(ChunkerPolynomial polynomial, ReadOnlySpan<byte> data)
    {
        ulong[] leave = new ulong[256],
            reduce = new ulong[256];
        for (var b = 0UL; b < 256; b++)
        {
            leave[b] = polynomial.Shift(b, 63 * 8);
            reduce[b] = polynomial.Shift(b << 45, 8) | b << 53;
        }
        var window = new byte[64];
        window[0] = 1;
        var digest = 1UL;
        for (int i = Chunker.MinSize - 64, at = 1; i < data.Length; i++, at = (at + 1) % 64)
        {
            digest ^= leave[window[at]];
            window[at] = data[i];
            digest = (digest << 8 | data[i]) ^ reduce[digest >> 45];
            if (i + 1 >= Chunker.MaxSize || i + 1 >= Chunker.MinSize && (digest & 0xfffff) == 0)
                return i + 1;
        }
        return data.Length;
    }
}
