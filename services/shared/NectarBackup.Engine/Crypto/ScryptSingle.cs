using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// ROMix of scrypt (RFC 7914, 5) for one block, on whatever 128-bit vectors the processor has.
/// </summary>
/// <remarks>
/// A 64-byte block is kept by diagonals (words 0 5 10 15, 4 9 14 3, 8 13 2 7, 12 1 6 11), so that a column round of
/// Salsa20 is four plain vector steps and a row round the same after turning the vectors.
/// </remarks>
internal static unsafe class ScryptSingle
{
    // Where the words of the diagonal order stand in a block.
    private static ReadOnlySpan<byte> Diagonals => [0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11];

    /// <summary>Mixes a block of 128 r bytes in place.</summary>
    /// <param name="table">128 n r bytes.</param>
    /// <param name="state">Twice 128 r bytes, aligned.</param>
    public static void Mix(byte* data, int n, int r, byte* table, byte* state)
    {
        var rowBytes = (nuint)(128 * r);
        var x = (Vector128<uint>*)state;
        var y = (Vector128<uint>*)(state + rowBytes);
        Load((uint*)data, (uint*)x, r, 0);
        for (var i = 0; i < n; i += 2)
        {
            Fill(x, y, r, table + (nuint)i * rowBytes);
            Fill(y, x, r, table + (nuint)(i + 1) * rowBytes);
        }
        // Go on from the row the last block names (RFC 7914, 5: Integerify).
        var mask = (uint)n - 1;
        var at = 4 * (2 * r - 1);
        for (var i = 0; i < n; i += 2)
        {
            Look(x, y, r, table + (*(uint*)(x + at) & mask) * rowBytes);
            Look(y, x, r, table + (*(uint*)(y + at) & mask) * rowBytes);
        }
        Store((uint*)x, (uint*)data, r, 0);
    }

    private static void Load(uint* words, uint* state, int r, int lane)
    {
        for (var block = 0; block < 2 * r; block++)
        for (var i = 0; i < 16; i++)
            state[(4 * block + i / 4) * 4 + 4 * lane + i % 4] = words[16 * block + Diagonals[i]];
    }

    private static void Store(uint* state, uint* words, int r, int lane)
    {
        for (var block = 0; block < 2 * r; block++)
        for (var i = 0; i < 16; i++)
            words[16 * block + Diagonals[i]] = state[(4 * block + i / 4) * 4 + 4 * lane + i % 4];
    }

    // RFC 7914, 4 (scryptBlockMix) while the row just read goes into the table.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill(Vector128<uint>* from, Vector128<uint>* to, int r, byte* table)
    {
        var last = from + 4 * (2 * r - 1);
        var a = last[0];
        var b = last[1];
        var c = last[2];
        var d = last[3];
        for (var block = 0; block < 2 * r; block++)
        {
            var x0 = from[0];
            var x1 = from[1];
            var x2 = from[2];
            var x3 = from[3];
            from += 4;
            x0.StoreAligned((uint*)(table + 0));
            x1.StoreAligned((uint*)(table + 16));
            x2.StoreAligned((uint*)(table + 32));
            x3.StoreAligned((uint*)(table + 48));
            table += 64;
            a ^= x0;
            b ^= x1;
            c ^= x2;
            d ^= x3;
            var (p, q, s, t) = (a, b, c, d);
            for (var round = 0; round < 4; round++)
            {
                q ^= Rotate(p + t, 7);
                s ^= Rotate(q + p, 9);
                t ^= Rotate(s + q, 13);
                p ^= Rotate(t + s, 18);
                q = Turn3(q);
                s = Turn2(s);
                t = Turn1(t);
                t ^= Rotate(p + q, 7);
                s ^= Rotate(t + p, 9);
                q ^= Rotate(s + t, 13);
                p ^= Rotate(q + s, 18);
                q = Turn1(q);
                s = Turn2(s);
                t = Turn3(t);
            }
            a += p;
            b += q;
            c += s;
            d += t;
            // Even blocks go to the first half, odd ones to the second.
            var place = to + 4 * ((block >> 1) + (block & 1) * r);
            place[0] = a;
            place[1] = b;
            place[2] = c;
            place[3] = d;
        }
    }

    // The same while a row of the table is mixed in.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Look(Vector128<uint>* from, Vector128<uint>* to, int r, byte* table)
    {
        var at = 4 * (2 * r - 1);
        var a = from[at] ^ Vector128.LoadAligned((uint*)(table + 16 * (at + 0)));
        var b = from[at + 1] ^ Vector128.LoadAligned((uint*)(table + 16 * (at + 1)));
        var c = from[at + 2] ^ Vector128.LoadAligned((uint*)(table + 16 * (at + 2)));
        var d = from[at + 3] ^ Vector128.LoadAligned((uint*)(table + 16 * (at + 3)));
        for (var block = 0; block < 2 * r; block++)
        {
            a ^= from[0] ^ Vector128.LoadAligned((uint*)(table + 0));
            b ^= from[1] ^ Vector128.LoadAligned((uint*)(table + 16));
            c ^= from[2] ^ Vector128.LoadAligned((uint*)(table + 32));
            d ^= from[3] ^ Vector128.LoadAligned((uint*)(table + 48));
            from += 4;
            table += 64;
            var (p, q, s, t) = (a, b, c, d);
            for (var round = 0; round < 4; round++)
            {
                q ^= Rotate(p + t, 7);
                s ^= Rotate(q + p, 9);
                t ^= Rotate(s + q, 13);
                p ^= Rotate(t + s, 18);
                q = Turn3(q);
                s = Turn2(s);
                t = Turn1(t);
                t ^= Rotate(p + q, 7);
                s ^= Rotate(t + p, 9);
                q ^= Rotate(s + t, 13);
                p ^= Rotate(q + s, 18);
                q = Turn1(q);
                s = Turn2(s);
                t = Turn3(t);
            }
            a += p;
            b += q;
            c += s;
            d += t;
            // Even blocks go to the first half, odd ones to the second.
            var place = to + 4 * ((block >> 1) + (block & 1) * r);
            place[0] = a;
            place[1] = b;
            place[2] = c;
            place[3] = d;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Rotate(Vector128<uint> x, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(x, bits) : x << bits | x >>> 32 - bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Turn1(Vector128<uint> x) => Vector128.Shuffle(x, Vector128.Create(1u, 2, 3, 0));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Turn2(Vector128<uint> x) => Vector128.Shuffle(x, Vector128.Create(2u, 3, 0, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Turn3(Vector128<uint> x) => Vector128.Shuffle(x, Vector128.Create(3u, 0, 1, 2));
}
