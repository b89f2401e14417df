using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Chunking;

/// <summary>
/// The kernel for processors with GFNI and AVX-512: 64 stretches of the data at once, one per byte of a vector. The
/// digests lie in seven planes (plane k holds byte k of all 64), and the tables become 8x8 bit matrices.
/// </summary>
internal static unsafe class GfniScan
{
    private const int Lanes = 64;

    /// <summary>Bytes each lane takes from its stretch at a time.</summary>
    private const int Block = 64;

    // Odd numbers of cache lines, or all lanes would fall into one set of the first cache. Long lanes waste work past
    // the first candidate, short ones warm up too often.
    private const int MaxLaneBlocks = 33;
    private const int MinLaneBlocks = 3;

    public static bool IsSupported => Gfni.V512.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported;

    /// <inheritdoc cref="ScalarScan.Find"/>
    public static int Find(RabinTables tables, byte* data, int from, int to)
    {
        var head = Math.Min(to - from, (int)((nuint)(-(nint)(data + from)) % Block));
        if (head > 0)
        {
            var found = ScalarScan.Find(tables, data, from, from + head);
            if (found >= 0)
                return found;
            from += head;
        }
        while (to - from >= Lanes * Block * MinLaneBlocks)
        {
            var blocks = Math.Min(MaxLaneBlocks, (to - from) / (Lanes * Block)) - 1 | 1;
            if (blocks * Lanes * Block > to - from)
                blocks -= 2;
            var start = FindBlock(tables, data + from, blocks);
            if (start >= 0)
                return ScalarScan.Find(tables, data, from + start, from + start + Block);
            from += blocks * Lanes * Block;
        }
        return ScalarScan.Find(tables, data, from, to);
    }

    /// <summary>Where the earliest block with a candidate starts, or -1.</summary>
    private static int FindBlock(RabinTables tables, byte* data, int blocks)
    {
        var space = stackalloc byte[4 * Lanes * Block + Block];
        var aligned = (byte*)((nuint)(space + Block - 1) & ~(nuint)(Block - 1));
        byte* entering = aligned,
            leaving = aligned + Lanes * Block,
            scratch = aligned + 2 * Lanes * Block,
            planes = aligned + 3 * Lanes * Block;
        NativeMemory.Clear(leaving, Lanes * Block);
        NativeMemory.Clear(planes, RabinTables.Planes * Lanes);
        var stride = (nuint)(blocks * Block);
        int bestLane = Lanes,
            bestBlock = -1;
        fixed (ulong* matrices = tables.Matrices)
        {
            // Block -1 is the 64 bytes before each lane: it only fills the window.
            for (var block = -1; block < blocks; block++)
            {
                Transpose(data + block * Block, stride, entering, scratch);
                var lanes = Roll(matrices, entering, leaving, planes);
                var entered = entering;
                entering = leaving;
                leaving = entered;
                if (lanes == 0 || block < 0)
                    continue;
                var lane = BitOperations.TrailingZeroCount(lanes);
                if (lane >= bestLane)
                    continue;
                (bestLane, bestBlock) = (lane, block);
                if (lane == 0)
                    break;
            }
        }
        return bestBlock < 0 ? -1 : (bestLane * blocks + bestBlock) * Block;
    }

    /// <summary>64 steps of all lanes; a bit for every lane that met a candidate. No call in it, or all vectors would spill.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static ulong Roll(ulong* matrices, byte* entering, byte* leaving, byte* planes)
    {
        Vector512<byte> m0 = Vector512.Create(matrices[0]).AsByte(),
            m1 = Vector512.Create(matrices[1]).AsByte(),
            m2 = Vector512.Create(matrices[2]).AsByte(),
            m3 = Vector512.Create(matrices[3]).AsByte(),
            m4 = Vector512.Create(matrices[4]).AsByte(),
            m5 = Vector512.Create(matrices[5]).AsByte(),
            m6 = Vector512.Create(matrices[6]).AsByte();
        Vector512<byte> l0 = Vector512.Create(matrices[7]).AsByte(),
            l1 = Vector512.Create(matrices[8]).AsByte(),
            l2 = Vector512.Create(matrices[9]).AsByte(),
            l3 = Vector512.Create(matrices[10]).AsByte(),
            l4 = Vector512.Create(matrices[11]).AsByte(),
            l5 = Vector512.Create(matrices[12]).AsByte(),
            l6 = Vector512.Create(matrices[13]).AsByte();
        Vector512<byte> e0 = Vector512.Create(matrices[14]).AsByte(),
            e1 = Vector512.Create(matrices[15]).AsByte();
        Vector512<byte> p0 = Vector512.Load(planes),
            p1 = Vector512.Load(planes + 64),
            p2 = Vector512.Load(planes + 128),
            p3 = Vector512.Load(planes + 192),
            p4 = Vector512.Load(planes + 256),
            p5 = Vector512.Load(planes + 320),
            p6 = Vector512.Load(planes + 384);
        // The cut mask's 20 bits are all of plane 0 and 1 (three bits of plane 0 are always zero) and seven of plane 2.
        var low7 = Vector512.Create((byte)0x7f);
        var least = Vector512<byte>.AllBitsSet;
        for (var i = 0; i < Block * Lanes; i += Lanes)
        {
            var c = Vector512.Load(entering + i);
            var old = Vector512.Load(leaving + i);
            var top = p6;
            p6 = p5 ^ Affine(top, m6) ^ Affine(old, l6);
            p5 = p4 ^ Affine(top, m5) ^ Affine(old, l5);
            p4 = p3 ^ Affine(top, m4) ^ Affine(old, l4);
            p3 = p2 ^ Affine(top, m3) ^ Affine(old, l3);
            p2 = p1 ^ Affine(top, m2) ^ Affine(old, l2);
            p1 = p0 ^ Affine(top, m1) ^ Affine(old, l1) ^ Affine(c, e1);
            p0 = Affine(top, m0) ^ Affine(old, l0) ^ Affine(c, e0);
            least = Vector512.Min(least, (p2 & low7) | p1 | p0);
        }
        p0.Store(planes);
        p1.Store(planes + 64);
        p2.Store(planes + 128);
        p3.Store(planes + 192);
        p4.Store(planes + 256);
        p5.Store(planes + 320);
        p6.Store(planes + 384);
        return Vector512.Equals(least, Vector512<byte>.Zero).ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Affine(Vector512<byte> x, Vector512<byte> matrix) =>
        Gfni.V512.GaloisFieldAffineTransform(x, matrix, 0);

    /// <summary>
    /// Turns 64 rows of 64 bytes into 64 columns. Interleaving vector i with vector i + 8 rotates the number of a byte
    /// (row, column) by one bit; four times over swaps row and column of 16x16 bytes, in each quarter of a vector.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Transpose(byte* rows, nuint stride, byte* columns, byte* scratch)
    {
        for (var part = 0; part < 4; part++, rows += 16, columns += 16 * Lanes)
        {
            var row = rows;
            for (var i = 0; i < 4; i++, row += stride)
            {
                Vector512<byte> a = Quarters(row, stride),
                    b = Quarters(row + 4 * stride, stride),
                    c = Quarters(row + 8 * stride, stride),
                    d = Quarters(row + 12 * stride, stride);
                InterleaveTwice(a, b, c, d, scratch + 4 * i * Lanes);
            }
            for (var i = 0; i < 4; i++)
            {
                var from = scratch + i * Lanes;
                Vector512<byte> a = Vector512.Load(from),
                    b = Vector512.Load(from + 4 * Lanes),
                    c = Vector512.Load(from + 8 * Lanes),
                    d = Vector512.Load(from + 12 * Lanes);
                InterleaveTwice(a, b, c, d, columns + 4 * i * Lanes);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Quarters(byte* row, nuint stride)
    {
        var vector = Vector256.ToVector512Unsafe(Vector128.Load(row).ToVector256Unsafe());
        vector = Avx512DQ.InsertVector128(vector.AsInt64(), Vector128.Load(row + 16 * stride).AsInt64(), 1).AsByte();
        vector = Avx512DQ.InsertVector128(vector.AsInt64(), Vector128.Load(row + 32 * stride).AsInt64(), 2).AsByte();
        return Avx512DQ.InsertVector128(vector.AsInt64(), Vector128.Load(row + 48 * stride).AsInt64(), 3).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void InterleaveTwice(
        Vector512<byte> a,
        Vector512<byte> b,
        Vector512<byte> c,
        Vector512<byte> d,
        byte* to
    )
    {
        Vector512<byte> acLow = Avx512BW.UnpackLow(a, c),
            acHigh = Avx512BW.UnpackHigh(a, c),
            bdLow = Avx512BW.UnpackLow(b, d),
            bdHigh = Avx512BW.UnpackHigh(b, d);
        Avx512BW.UnpackLow(acLow, bdLow).Store(to);
        Avx512BW.UnpackHigh(acLow, bdLow).Store(to + Lanes);
        Avx512BW.UnpackLow(acHigh, bdHigh).Store(to + 2 * Lanes);
        Avx512BW.UnpackHigh(acHigh, bdHigh).Store(to + 3 * Lanes);
    }
}
