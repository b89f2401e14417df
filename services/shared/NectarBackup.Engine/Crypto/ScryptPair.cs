using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// ROMix of scrypt (RFC 7914, 5) for two blocks abreast, one in each half of a 256-bit register, with a table for each. The tables hold every other row
/// only: a row between is the step after the one before it. That costs three eighths more time and halves what would be the largest memory of a short run.
/// </summary>
/// <remarks>
/// A 64-byte block is kept by diagonals (words 0 5 10 15, 4 9 14 3, 8 13 2 7, 12 1 6 11), so that a column round of
/// Salsa20 is four plain vector steps and a row round the same after turning the vectors.
/// </remarks>
internal static unsafe class ScryptPair
{
    // Where the words of the diagonal order stand in a block.
    private static ReadOnlySpan<byte> Diagonals => [0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11];

    /// <summary>Mixes two blocks of 128 r bytes in place.</summary>
    /// <param name="first">The one block.</param>
    /// <param name="second">The other block.</param>
    /// <param name="n">Rows.</param>
    /// <param name="r">Width of a row.</param>
    /// <param name="table">128 n r bytes: n / 2 rows for each block.</param>
    /// <param name="state">Eight times 128 r bytes, aligned.</param>
    public static void Mix(byte* first, byte* second, int n, int r, byte* table, byte* state)
    {
        var rowBytes = (nuint)(128 * r);
        var other = table + (nuint)(n / 2) * rowBytes;
        var x = (Vector256<uint>*)state;
        var y = (Vector256<uint>*)(state + 2 * rowBytes);
        var u = (Vector256<uint>*)(state + 4 * rowBytes);
        var v = (Vector256<uint>*)(state + 6 * rowBytes);
        Load((uint*)first, (uint*)x, r, 0);
        Load((uint*)second, (uint*)x, r, 1);
        for (var i = 0; i < n / 2; i++)
        {
            SaveRows(x, r, table + (nuint)i * rowBytes, other + (nuint)i * rowBytes);
            Step(x, y, r);
            Step(y, x, r);
        }
        // Each lane goes on from the row its own last block names (RFC 7914, 5: Integerify).
        var mask = (uint)n - 1;
        var at = 4 * (2 * r - 1);
        for (var i = 0; i < n; i++)
        {
            var row = (uint*)(x + at);
            var (one, two) = (row[0] & mask, row[4] & mask);
            LoadRows(u, r, table + (one >> 1) * rowBytes, other + (two >> 1) * rowBytes);
            if (((one | two) & 1) != 0)
                Step(u, v, r);
            var isBetween = Vector256.Create(Vector128.Create(0u - (one & 1)), Vector128.Create(0u - (two & 1)));
            for (var j = 0; j < 8 * r; j++)
                x[j] ^= Vector256.ConditionalSelect(isBetween, v[j], u[j]);
            Step(x, y, r);
            var next = y;
            y = x;
            x = next;
        }
        Store((uint*)x, (uint*)first, r, 0);
        Store((uint*)x, (uint*)second, r, 1);
    }

    private static void SaveRows(Vector256<uint>* from, int r, byte* table, byte* other)
    {
        for (var i = 0; i < 8 * r; i++)
        {
            from[i].GetLower().StoreAligned((uint*)(table + 16 * i));
            from[i].GetUpper().StoreAligned((uint*)(other + 16 * i));
        }
    }

    private static void LoadRows(Vector256<uint>* to, int r, byte* table, byte* other)
    {
        for (var i = 0; i < 8 * r; i++)
            to[i] = Vector256.Create(
                Vector128.LoadAligned((uint*)(table + 16 * i)),
                Vector128.LoadAligned((uint*)(other + 16 * i))
            );
    }

    private static void Load(uint* words, uint* state, int r, int lane)
    {
        for (var block = 0; block < 2 * r; block++)
        for (var i = 0; i < 16; i++)
            state[(4 * block + i / 4) * 8 + 4 * lane + i % 4] = words[16 * block + Diagonals[i]];
    }

    private static void Store(uint* state, uint* words, int r, int lane)
    {
        for (var block = 0; block < 2 * r; block++)
        for (var i = 0; i < 16; i++)
            words[16 * block + Diagonals[i]] = state[(4 * block + i / 4) * 8 + 4 * lane + i % 4];
    }

    // RFC 7914, 4 (scryptBlockMix).
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Step(Vector256<uint>* from, Vector256<uint>* to, int r)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rotate(Vector256<uint> x, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateLeft(x, bits) : x << bits | x >>> 32 - bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Turn1(Vector256<uint> x) => Avx2.Shuffle(x, 0b00_11_10_01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Turn2(Vector256<uint> x) => Avx2.Shuffle(x, 0b01_00_11_10);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Turn3(Vector256<uint> x) => Avx2.Shuffle(x, 0b10_01_00_11);
}
