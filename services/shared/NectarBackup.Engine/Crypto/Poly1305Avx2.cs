using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// Poly1305 over 4 blocks at once: each 64-bit lane keeps its own sum in five 26-bit limbs and is multiplied by r^4 a step.
/// </summary>
internal static unsafe class Poly1305Avx2
{
    /// <summary>Bytes of one step of all lanes.</summary>
    public const int Step = 16 * 4;

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
            ulong* step = powers.Step4,
                last = powers.Last4
        )
            Steps(limbs, step, last, data, steps);
        sum = Poly1305Powers.Join(span);
        return steps * Step;
    }

    // Call-free on purpose: a call would spill every vector register in each round of the loop.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Steps(ulong* limbs, ulong* step, ulong* last, byte* data, int steps)
    {
        var mask = Vector256.Create((1UL << 26) - 1);
        var marker = Vector256.Create(1UL << 24);
        var r0 = Vector256.Create(step[0]);
        var r1 = Vector256.Create(step[1]);
        var r2 = Vector256.Create(step[2]);
        var r3 = Vector256.Create(step[3]);
        var r4 = Vector256.Create(step[4]);
        // The sum so far belongs to the first block, which is in lane 0.
        var h0 = Vector256.CreateScalar(limbs[0]);
        var h1 = Vector256.CreateScalar(limbs[1]);
        var h2 = Vector256.CreateScalar(limbs[2]);
        var h3 = Vector256.CreateScalar(limbs[3]);
        var h4 = Vector256.CreateScalar(limbs[4]);
        // All steps but the last multiply by the same power; the last gives each lane the power it still lacks.
        var left = steps - 1;
        while (true)
        {
            // 2^130 = 5: a product of limbs i and j with i + j > 4 counts five times at i + j - 5.
            var s1 = r1 + (r1 << 2);
            var s2 = r2 + (r2 << 2);
            var s3 = r3 + (r3 << 2);
            var s4 = r4 + (r4 << 2);
            for (; left > 0; left--)
            {
                var a = Vector256.Load((ulong*)data);
                var b = Vector256.Load((ulong*)(data + Step / 2));
                data += Step;
                var low = Avx2.UnpackLow(a, b);
                var high = Avx2.UnpackHigh(a, b);
                h0 += low & mask;
                h1 += low >> 26 & mask;
                h2 += (low >> 52 | high << 12) & mask;
                h3 += high >> 14 & mask;
                h4 += high >> 40 | marker;
                var d0 = Times(h0, r0) + Times(h1, s4) + Times(h2, s3) + Times(h3, s2) + Times(h4, s1);
                var d1 = Times(h0, r1) + Times(h1, r0) + Times(h2, s4) + Times(h3, s3) + Times(h4, s2);
                var d2 = Times(h0, r2) + Times(h1, r1) + Times(h2, r0) + Times(h3, s4) + Times(h4, s3);
                var d3 = Times(h0, r3) + Times(h1, r2) + Times(h2, r1) + Times(h3, r0) + Times(h4, s4);
                var d4 = Times(h0, r4) + Times(h1, r3) + Times(h2, r2) + Times(h3, r1) + Times(h4, r0);
                // Two carry chains side by side, so that every limb ends just above 26 bits.
                d1 += d0 >> 26;
                d4 += d3 >> 26;
                d0 &= mask;
                d3 &= mask;
                d2 += d1 >> 26;
                var top = d4 >> 26;
                d1 &= mask;
                h4 = d4 & mask;
                d0 += top + (top << 2);
                d3 += d2 >> 26;
                h2 = d2 & mask;
                h1 = d1 + (d0 >> 26);
                h0 = d0 & mask;
                h4 += d3 >> 26;
                h3 = d3 & mask;
            }
            if (steps == 0)
                break;
            left = 1;
            steps = 0;
            r0 = Vector256.Load(last);
            r1 = Vector256.Load(last + 4);
            r2 = Vector256.Load(last + 2 * 4);
            r3 = Vector256.Load(last + 3 * 4);
            r4 = Vector256.Load(last + 4 * 4);
        }
        limbs[0] = Vector256.Sum(h0);
        limbs[1] = Vector256.Sum(h1);
        limbs[2] = Vector256.Sum(h2);
        limbs[3] = Vector256.Sum(h3);
        limbs[4] = Vector256.Sum(h4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Times(Vector256<ulong> x, Vector256<ulong> y) =>
        Avx2.Multiply(x.AsUInt32(), y.AsUInt32());
}
