using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// As <see cref="Sha256Kernel"/>, eight messages at once. Processors that run 512-bit instructions as two halves need
/// about half the time for it, so that batches too small or too uneven for sixteen lanes gain as well.
/// </summary>
internal static unsafe class Sha256Kernel8
{
    public const int Lanes = 8;
    private const int BlockSize = Sha256Kernel.BlockSize;

    public static bool IsSupported => Avx512F.VL.IsSupported;

    /// <summary>Compresses the next <paramref name="blocks"/> blocks of every lane.</summary>
    /// <param name="state">Eight vectors, each with the room of sixteen words.</param>
    /// <param name="data">Eight pointers, each to that many blocks. Not moved on.</param>
    // Call-free on purpose: a call would spill every vector register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, byte** data, nint blocks)
    {
        var bigEndian = Vector256.Create(
            Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12),
            Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
        );
        var a = Vector256.Load(state + 0);
        var b = Vector256.Load(state + 16);
        var c = Vector256.Load(state + 32);
        var d = Vector256.Load(state + 48);
        var e = Vector256.Load(state + 64);
        var f = Vector256.Load(state + 80);
        var g = Vector256.Load(state + 96);
        var h = Vector256.Load(state + 112);
        fixed (uint* constants = Sha256Kernel.Constants)
            for (nint offset = 0; offset < blocks * BlockSize; offset += BlockSize)
            {
                var w0 = Vector256.Load((uint*)(data[0] + offset));
                var w1 = Vector256.Load((uint*)(data[1] + offset));
                var w2 = Vector256.Load((uint*)(data[2] + offset));
                var w3 = Vector256.Load((uint*)(data[3] + offset));
                var w4 = Vector256.Load((uint*)(data[4] + offset));
                var w5 = Vector256.Load((uint*)(data[5] + offset));
                var w6 = Vector256.Load((uint*)(data[6] + offset));
                var w7 = Vector256.Load((uint*)(data[7] + offset));
                var w8 = Vector256.Load((uint*)(data[0] + offset + 32));
                var w9 = Vector256.Load((uint*)(data[1] + offset + 32));
                var w10 = Vector256.Load((uint*)(data[2] + offset + 32));
                var w11 = Vector256.Load((uint*)(data[3] + offset + 32));
                var w12 = Vector256.Load((uint*)(data[4] + offset + 32));
                var w13 = Vector256.Load((uint*)(data[5] + offset + 32));
                var w14 = Vector256.Load((uint*)(data[6] + offset + 32));
                var w15 = Vector256.Load((uint*)(data[7] + offset + 32));
                // Twice eight rows of words become eight columns: by words, by pairs, then by halves.
                (w0, w1) = (Avx2.UnpackLow(w0, w1), Avx2.UnpackHigh(w0, w1));
                (w2, w3) = (Avx2.UnpackLow(w2, w3), Avx2.UnpackHigh(w2, w3));
                (w4, w5) = (Avx2.UnpackLow(w4, w5), Avx2.UnpackHigh(w4, w5));
                (w6, w7) = (Avx2.UnpackLow(w6, w7), Avx2.UnpackHigh(w6, w7));
                (w8, w9) = (Avx2.UnpackLow(w8, w9), Avx2.UnpackHigh(w8, w9));
                (w10, w11) = (Avx2.UnpackLow(w10, w11), Avx2.UnpackHigh(w10, w11));
                (w12, w13) = (Avx2.UnpackLow(w12, w13), Avx2.UnpackHigh(w12, w13));
                (w14, w15) = (Avx2.UnpackLow(w14, w15), Avx2.UnpackHigh(w14, w15));
                (w0, w2) = (Low64(w0, w2), High64(w0, w2));
                (w1, w3) = (Low64(w1, w3), High64(w1, w3));
                (w4, w6) = (Low64(w4, w6), High64(w4, w6));
                (w5, w7) = (Low64(w5, w7), High64(w5, w7));
                (w8, w10) = (Low64(w8, w10), High64(w8, w10));
                (w9, w11) = (Low64(w9, w11), High64(w9, w11));
                (w12, w14) = (Low64(w12, w14), High64(w12, w14));
                (w13, w15) = (Low64(w13, w15), High64(w13, w15));
                (w0, w4) = (Avx2.Permute2x128(w0, w4, 0x20), Avx2.Permute2x128(w0, w4, 0x31));
                (w2, w6) = (Avx2.Permute2x128(w2, w6, 0x20), Avx2.Permute2x128(w2, w6, 0x31));
                (w1, w5) = (Avx2.Permute2x128(w1, w5, 0x20), Avx2.Permute2x128(w1, w5, 0x31));
                (w3, w7) = (Avx2.Permute2x128(w3, w7, 0x20), Avx2.Permute2x128(w3, w7, 0x31));
                (w8, w12) = (Avx2.Permute2x128(w8, w12, 0x20), Avx2.Permute2x128(w8, w12, 0x31));
                (w10, w14) = (Avx2.Permute2x128(w10, w14, 0x20), Avx2.Permute2x128(w10, w14, 0x31));
                (w9, w13) = (Avx2.Permute2x128(w9, w13, 0x20), Avx2.Permute2x128(w9, w13, 0x31));
                (w11, w15) = (Avx2.Permute2x128(w11, w15, 0x20), Avx2.Permute2x128(w11, w15, 0x31));
                (w1, w2, w5, w6, w9, w10, w13, w14) = (w2, w1, w6, w5, w10, w9, w14, w13);
                w0 = Avx2.Shuffle(w0.AsByte(), bigEndian).AsUInt32();
                w1 = Avx2.Shuffle(w1.AsByte(), bigEndian).AsUInt32();
                w2 = Avx2.Shuffle(w2.AsByte(), bigEndian).AsUInt32();
                w3 = Avx2.Shuffle(w3.AsByte(), bigEndian).AsUInt32();
                w4 = Avx2.Shuffle(w4.AsByte(), bigEndian).AsUInt32();
                w5 = Avx2.Shuffle(w5.AsByte(), bigEndian).AsUInt32();
                w6 = Avx2.Shuffle(w6.AsByte(), bigEndian).AsUInt32();
                w7 = Avx2.Shuffle(w7.AsByte(), bigEndian).AsUInt32();
                w8 = Avx2.Shuffle(w8.AsByte(), bigEndian).AsUInt32();
                w9 = Avx2.Shuffle(w9.AsByte(), bigEndian).AsUInt32();
                w10 = Avx2.Shuffle(w10.AsByte(), bigEndian).AsUInt32();
                w11 = Avx2.Shuffle(w11.AsByte(), bigEndian).AsUInt32();
                w12 = Avx2.Shuffle(w12.AsByte(), bigEndian).AsUInt32();
                w13 = Avx2.Shuffle(w13.AsByte(), bigEndian).AsUInt32();
                w14 = Avx2.Shuffle(w14.AsByte(), bigEndian).AsUInt32();
                w15 = Avx2.Shuffle(w15.AsByte(), bigEndian).AsUInt32();
                Vector256<uint> t;
                for (var k = constants; ; k += 16)
                {
                    t = h + BigSigma1(e) + Choose(e, f, g) + (w0 + Vector256.Create(k[0]));
                    d += t;
                    h = t + BigSigma0(a) + Majority(a, b, c);
                    t = g + BigSigma1(d) + Choose(d, e, f) + (w1 + Vector256.Create(k[1]));
                    c += t;
                    g = t + BigSigma0(h) + Majority(h, a, b);
                    t = f + BigSigma1(c) + Choose(c, d, e) + (w2 + Vector256.Create(k[2]));
                    b += t;
                    f = t + BigSigma0(g) + Majority(g, h, a);
                    t = e + BigSigma1(b) + Choose(b, c, d) + (w3 + Vector256.Create(k[3]));
                    a += t;
                    e = t + BigSigma0(f) + Majority(f, g, h);
                    t = d + BigSigma1(a) + Choose(a, b, c) + (w4 + Vector256.Create(k[4]));
                    h += t;
                    d = t + BigSigma0(e) + Majority(e, f, g);
                    t = c + BigSigma1(h) + Choose(h, a, b) + (w5 + Vector256.Create(k[5]));
                    g += t;
                    c = t + BigSigma0(d) + Majority(d, e, f);
                    t = b + BigSigma1(g) + Choose(g, h, a) + (w6 + Vector256.Create(k[6]));
                    f += t;
                    b = t + BigSigma0(c) + Majority(c, d, e);
                    t = a + BigSigma1(f) + Choose(f, g, h) + (w7 + Vector256.Create(k[7]));
                    e += t;
                    a = t + BigSigma0(b) + Majority(b, c, d);
                    t = h + BigSigma1(e) + Choose(e, f, g) + (w8 + Vector256.Create(k[8]));
                    d += t;
                    h = t + BigSigma0(a) + Majority(a, b, c);
                    t = g + BigSigma1(d) + Choose(d, e, f) + (w9 + Vector256.Create(k[9]));
                    c += t;
                    g = t + BigSigma0(h) + Majority(h, a, b);
                    t = f + BigSigma1(c) + Choose(c, d, e) + (w10 + Vector256.Create(k[10]));
                    b += t;
                    f = t + BigSigma0(g) + Majority(g, h, a);
                    t = e + BigSigma1(b) + Choose(b, c, d) + (w11 + Vector256.Create(k[11]));
                    a += t;
                    e = t + BigSigma0(f) + Majority(f, g, h);
                    t = d + BigSigma1(a) + Choose(a, b, c) + (w12 + Vector256.Create(k[12]));
                    h += t;
                    d = t + BigSigma0(e) + Majority(e, f, g);
                    t = c + BigSigma1(h) + Choose(h, a, b) + (w13 + Vector256.Create(k[13]));
                    g += t;
                    c = t + BigSigma0(d) + Majority(d, e, f);
                    t = b + BigSigma1(g) + Choose(g, h, a) + (w14 + Vector256.Create(k[14]));
                    f += t;
                    b = t + BigSigma0(c) + Majority(c, d, e);
                    t = a + BigSigma1(f) + Choose(f, g, h) + (w15 + Vector256.Create(k[15]));
                    e += t;
                    a = t + BigSigma0(b) + Majority(b, c, d);
                    if (k == constants + 48)
                        break;
                    w0 += SmallSigma0(w1) + w9 + SmallSigma1(w14);
                    w1 += SmallSigma0(w2) + w10 + SmallSigma1(w15);
                    w2 += SmallSigma0(w3) + w11 + SmallSigma1(w0);
                    w3 += SmallSigma0(w4) + w12 + SmallSigma1(w1);
                    w4 += SmallSigma0(w5) + w13 + SmallSigma1(w2);
                    w5 += SmallSigma0(w6) + w14 + SmallSigma1(w3);
                    w6 += SmallSigma0(w7) + w15 + SmallSigma1(w4);
                    w7 += SmallSigma0(w8) + w0 + SmallSigma1(w5);
                    w8 += SmallSigma0(w9) + w1 + SmallSigma1(w6);
                    w9 += SmallSigma0(w10) + w2 + SmallSigma1(w7);
                    w10 += SmallSigma0(w11) + w3 + SmallSigma1(w8);
                    w11 += SmallSigma0(w12) + w4 + SmallSigma1(w9);
                    w12 += SmallSigma0(w13) + w5 + SmallSigma1(w10);
                    w13 += SmallSigma0(w14) + w6 + SmallSigma1(w11);
                    w14 += SmallSigma0(w15) + w7 + SmallSigma1(w12);
                    w15 += SmallSigma0(w0) + w8 + SmallSigma1(w13);
                }
                a += Vector256.Load(state + 0);
                a.Store(state + 0);
                b += Vector256.Load(state + 16);
                b.Store(state + 16);
                c += Vector256.Load(state + 32);
                c.Store(state + 32);
                d += Vector256.Load(state + 48);
                d.Store(state + 48);
                e += Vector256.Load(state + 64);
                e.Store(state + 64);
                f += Vector256.Load(state + 80);
                f.Store(state + 80);
                g += Vector256.Load(state + 96);
                g.Store(state + 96);
                h += Vector256.Load(state + 112);
                h.Store(state + 112);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Low64(Vector256<uint> x, Vector256<uint> y) =>
        Avx2.UnpackLow(x.AsUInt64(), y.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> High64(Vector256<uint> x, Vector256<uint> y) =>
        Avx2.UnpackHigh(x.AsUInt64(), y.AsUInt64()).AsUInt32();

    // The immediates are truth tables of three inputs: 0x96 is their XOR, 0xca "x ? y : z", 0xe8 the majority.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Choose(Vector256<uint> x, Vector256<uint> y, Vector256<uint> z) =>
        Avx512F.VL.TernaryLogic(x, y, z, 0xca);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Majority(Vector256<uint> x, Vector256<uint> y, Vector256<uint> z) =>
        Avx512F.VL.TernaryLogic(x, y, z, 0xe8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> BigSigma0(Vector256<uint> x) =>
        Avx512F.VL.TernaryLogic(
            Avx512F.VL.RotateRight(x, 2),
            Avx512F.VL.RotateRight(x, 13),
            Avx512F.VL.RotateRight(x, 22),
            0x96
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> BigSigma1(Vector256<uint> x) =>
        Avx512F.VL.TernaryLogic(
            Avx512F.VL.RotateRight(x, 6),
            Avx512F.VL.RotateRight(x, 11),
            Avx512F.VL.RotateRight(x, 25),
            0x96
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> SmallSigma0(Vector256<uint> x) =>
        Avx512F.VL.TernaryLogic(Avx512F.VL.RotateRight(x, 7), Avx512F.VL.RotateRight(x, 18), x >>> 3, 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> SmallSigma1(Vector256<uint> x) =>
        Avx512F.VL.TernaryLogic(Avx512F.VL.RotateRight(x, 17), Avx512F.VL.RotateRight(x, 19), x >>> 10, 0x96);
}
