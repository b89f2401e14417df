using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using V = System.Runtime.Intrinsics.Vector512<ulong>;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// Poly1305 over 16 blocks at once: each 64-bit lane keeps sums in five 26-bit limbs. Two sets of sums, h for the
/// first eight blocks of a step and g for the others, because one alone waits for its own carries half the time.
/// </summary>
internal static unsafe class Poly1305Avx512
{
    private const int Lanes = 8;
    private const int HalfStep = Poly1305.BlockSize * Lanes;

    /// <summary>Bytes of one step of all lanes.</summary>
    public const int Step = 2 * HalfStep;

    /// <summary>Adds as many whole steps as there are; answers how many bytes that were.</summary>
    public static int Add(ref Poly1305Sum sum, Poly1305Powers powers, ReadOnlySpan<byte> piece)
    {
        var steps = piece.Length / Step;
        if (steps == 0)
            return 0;
        var limbs = stackalloc ulong[Poly1305Powers.Limbs];
        var span = new Span<ulong>(limbs, Poly1305Powers.Limbs);
        Poly1305Powers.Split(sum, span);
        fixed (byte* data = piece)
        fixed (
            ulong* step16 = powers.Step16,
                step8 = powers.Step8,
                last = powers.Last8
        )
            Steps(limbs, step16, step8, last, data, steps);
        sum = Poly1305Powers.Join(span);
        return steps * Step;
    }

    // Call-free on purpose: a call would spill every vector register in each round of the loop.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Steps(ulong* limbs, ulong* step16, ulong* step8, ulong* last, byte* data, int steps)
    {
        // The sum so far belongs to the first block, which is in lane 0.
        var h0 = Vector512.CreateScalar(limbs[0]);
        var h1 = Vector512.CreateScalar(limbs[1]);
        var h2 = Vector512.CreateScalar(limbs[2]);
        var h3 = Vector512.CreateScalar(limbs[3]);
        var h4 = Vector512.CreateScalar(limbs[4]);
        var (g0, g1, g2, g3, g4) = (default(V), default(V), default(V), default(V), default(V));
        var r0 = Vector512.Create(step16[0]);
        var r1 = Vector512.Create(step16[1]);
        var r2 = Vector512.Create(step16[2]);
        var r3 = Vector512.Create(step16[3]);
        var r4 = Vector512.Create(step16[4]);
        while (true)
        {
            Plus(ref h0, ref h1, ref h2, ref h3, ref h4, data);
            Plus(ref g0, ref g1, ref g2, ref g3, ref g4, data + HalfStep);
            data += Step;
            if (--steps == 0)
                break;
            Multiply(ref h0, ref h1, ref h2, ref h3, ref h4, r0, r1, r2, r3, r4);
            Multiply(ref g0, ref g1, ref g2, ref g3, ref g4, r0, r1, r2, r3, r4);
        }
        // h lies eight blocks before g; then each lane is given the power it still lacks.
        r0 = Vector512.Create(step8[0]);
        r1 = Vector512.Create(step8[1]);
        r2 = Vector512.Create(step8[2]);
        r3 = Vector512.Create(step8[3]);
        r4 = Vector512.Create(step8[4]);
        Multiply(ref h0, ref h1, ref h2, ref h3, ref h4, r0, r1, r2, r3, r4);
        h0 += g0;
        h1 += g1;
        h2 += g2;
        h3 += g3;
        h4 += g4;
        r0 = Vector512.Load(last);
        r1 = Vector512.Load(last + Lanes);
        r2 = Vector512.Load(last + 2 * Lanes);
        r3 = Vector512.Load(last + 3 * Lanes);
        r4 = Vector512.Load(last + 4 * Lanes);
        Multiply(ref h0, ref h1, ref h2, ref h3, ref h4, r0, r1, r2, r3, r4);
        limbs[0] = Vector512.Sum(h0);
        limbs[1] = Vector512.Sum(h1);
        limbs[2] = Vector512.Sum(h2);
        limbs[3] = Vector512.Sum(h3);
        limbs[4] = Vector512.Sum(h4);
    }

    /// <summary>Adds eight blocks, each with its bit 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Plus(ref V h0, ref V h1, ref V h2, ref V h3, ref V h4, byte* data)
    {
        var mask = Vector512.Create((1UL << 26) - 1);
        var a = Vector512.Load((ulong*)data);
        var b = Vector512.Load((ulong*)(data + HalfStep / 2));
        var low = Avx512F.UnpackLow(a, b);
        var high = Avx512F.UnpackHigh(a, b);
        h0 += low & mask;
        h1 += low >> 26 & mask;
        h2 += (low >> 52 | high << 12) & mask;
        h3 += high >> 14 & mask;
        h4 += high >> 40 | Vector512.Create(1UL << 24);
    }

    /// <summary>h * r modulo 2^130 - 5, every limb left just above 26 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(ref V h0, ref V h1, ref V h2, ref V h3, ref V h4, V r0, V r1, V r2, V r3, V r4)
    {
        var mask = Vector512.Create((1UL << 26) - 1);
        // 2^130 = 5: a product of limbs i and j with i + j > 4 counts five times at i + j - 5.
        var s1 = r1 + (r1 << 2);
        var s2 = r2 + (r2 << 2);
        var s3 = r3 + (r3 << 2);
        var s4 = r4 + (r4 << 2);
        var d0 = Times(h0, r0) + Times(h1, s4) + Times(h2, s3) + Times(h3, s2) + Times(h4, s1);
        var d1 = Times(h0, r1) + Times(h1, r0) + Times(h2, s4) + Times(h3, s3) + Times(h4, s2);
        var d2 = Times(h0, r2) + Times(h1, r1) + Times(h2, r0) + Times(h3, s4) + Times(h4, s3);
        var d3 = Times(h0, r3) + Times(h1, r2) + Times(h2, r1) + Times(h3, r0) + Times(h4, s4);
        var d4 = Times(h0, r4) + Times(h1, r3) + Times(h2, r2) + Times(h3, r1) + Times(h4, r0);
        // Two carry chains side by side.
        d1 += d0 >> 26;
        d4 += d3 >> 26;
        d0 &= mask;
        d3 &= mask;
        d2 += d1 >> 26;
        var top = d4 >> 26;
        d0 += top + (top << 2);
        d3 += d2 >> 26;
        h0 = d0 & mask;
        h1 = (d1 & mask) + (d0 >> 26);
        h2 = d2 & mask;
        h3 = d3 & mask;
        h4 = (d4 & mask) + (d3 >> 26);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Times(V x, V y) => Avx512F.Multiply(x.AsUInt32(), y.AsUInt32());
}
