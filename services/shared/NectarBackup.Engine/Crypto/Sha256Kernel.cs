using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// The compression of SHA-256 (FIPS 180-4, 6.2.2) for sixteen messages at once: lane i of each vector belongs to message i.
/// </summary>
internal static unsafe class Sha256Kernel
{
    public const int Lanes = 16;
    public const int BlockSize = 64;

    /// <summary>Words of the chaining value of one message.</summary>
    public const int StateWords = 8;

    public static bool IsSupported => Avx512BW.IsSupported;

    /// <summary>The chaining value before the first block (FIPS 180-4, 5.3.3).</summary>
    public static ReadOnlySpan<uint> Start =>
        [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];

    internal static ReadOnlySpan<uint> Constants =>
        [
            0x428a2f98,
            0x71374491,
            0xb5c0fbcf,
            0xe9b5dba5,
            0x3956c25b,
            0x59f111f1,
            0x923f82a4,
            0xab1c5ed5,
            0xd807aa98,
            0x12835b01,
            0x243185be,
            0x550c7dc3,
            0x72be5d74,
            0x80deb1fe,
            0x9bdc06a7,
            0xc19bf174,
            0xe49b69c1,
            0xefbe4786,
            0x0fc19dc6,
            0x240ca1cc,
            0x2de92c6f,
            0x4a7484aa,
            0x5cb0a9dc,
            0x76f988da,
            0x983e5152,
            0xa831c66d,
            0xb00327c8,
            0xbf597fc7,
            0xc6e00bf3,
            0xd5a79147,
            0x06ca6351,
            0x14292967,
            0x27b70a85,
            0x2e1b2138,
            0x4d2c6dfc,
            0x53380d13,
            0x650a7354,
            0x766a0abb,
            0x81c2c92e,
            0x92722c85,
            0xa2bfe8a1,
            0xa81a664b,
            0xc24b8b70,
            0xc76c51a3,
            0xd192e819,
            0xd6990624,
            0xf40e3585,
            0x106aa070,
            0x19a4c116,
            0x1e376c08,
            0x2748774c,
            0x34b0bcb5,
            0x391c0cb3,
            0x4ed8aa4a,
            0x5b9cca4f,
            0x682e6ff3,
            0x748f82ee,
            0x78a5636f,
            0x84c87814,
            0x8cc70208,
            0x90befffa,
            0xa4506ceb,
            0xbef9a3f7,
            0xc67178f2,
        ];

    /// <summary>Compresses the next <paramref name="blocks"/> blocks of every lane.</summary>
    /// <param name="state">Eight vectors of sixteen words.</param>
    /// <param name="data">Sixteen pointers, each to that many blocks. Not moved on.</param>
    // Call-free on purpose: a call would spill every vector register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* state, byte** data, nint blocks)
    {
        var bigEndian = Vector512.Create(
            Vector256.Create(
                Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12),
                Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
            ),
            Vector256.Create(
                Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12),
                Vector128.Create((byte)3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
            )
        );
        var a = Vector512.Load(state + 0);
        var b = Vector512.Load(state + 16);
        var c = Vector512.Load(state + 32);
        var d = Vector512.Load(state + 48);
        var e = Vector512.Load(state + 64);
        var f = Vector512.Load(state + 80);
        var g = Vector512.Load(state + 96);
        var h = Vector512.Load(state + 112);
        fixed (uint* constants = Constants)
            for (nint offset = 0; offset < blocks * BlockSize; offset += BlockSize)
            {
                var w0 = Vector512.Load((uint*)(data[0] + offset));
                var w1 = Vector512.Load((uint*)(data[1] + offset));
                var w2 = Vector512.Load((uint*)(data[2] + offset));
                var w3 = Vector512.Load((uint*)(data[3] + offset));
                var w4 = Vector512.Load((uint*)(data[4] + offset));
                var w5 = Vector512.Load((uint*)(data[5] + offset));
                var w6 = Vector512.Load((uint*)(data[6] + offset));
                var w7 = Vector512.Load((uint*)(data[7] + offset));
                var w8 = Vector512.Load((uint*)(data[8] + offset));
                var w9 = Vector512.Load((uint*)(data[9] + offset));
                var w10 = Vector512.Load((uint*)(data[10] + offset));
                var w11 = Vector512.Load((uint*)(data[11] + offset));
                var w12 = Vector512.Load((uint*)(data[12] + offset));
                var w13 = Vector512.Load((uint*)(data[13] + offset));
                var w14 = Vector512.Load((uint*)(data[14] + offset));
                var w15 = Vector512.Load((uint*)(data[15] + offset));
                // Sixteen rows of words become sixteen columns: by words, by pairs, then by quarters.
                (w0, w1) = (Avx512F.UnpackLow(w0, w1), Avx512F.UnpackHigh(w0, w1));
                (w2, w3) = (Avx512F.UnpackLow(w2, w3), Avx512F.UnpackHigh(w2, w3));
                (w4, w5) = (Avx512F.UnpackLow(w4, w5), Avx512F.UnpackHigh(w4, w5));
                (w6, w7) = (Avx512F.UnpackLow(w6, w7), Avx512F.UnpackHigh(w6, w7));
                (w8, w9) = (Avx512F.UnpackLow(w8, w9), Avx512F.UnpackHigh(w8, w9));
                (w10, w11) = (Avx512F.UnpackLow(w10, w11), Avx512F.UnpackHigh(w10, w11));
                (w12, w13) = (Avx512F.UnpackLow(w12, w13), Avx512F.UnpackHigh(w12, w13));
                (w14, w15) = (Avx512F.UnpackLow(w14, w15), Avx512F.UnpackHigh(w14, w15));
                (w0, w2) = (Low64(w0, w2), High64(w0, w2));
                (w1, w3) = (Low64(w1, w3), High64(w1, w3));
                (w4, w6) = (Low64(w4, w6), High64(w4, w6));
                (w5, w7) = (Low64(w5, w7), High64(w5, w7));
                (w8, w10) = (Low64(w8, w10), High64(w8, w10));
                (w9, w11) = (Low64(w9, w11), High64(w9, w11));
                (w12, w14) = (Low64(w12, w14), High64(w12, w14));
                (w13, w15) = (Low64(w13, w15), High64(w13, w15));
                (w0, w4) = (Avx512F.Shuffle4x128(w0, w4, 0x44), Avx512F.Shuffle4x128(w0, w4, 0xee));
                (w8, w12) = (Avx512F.Shuffle4x128(w8, w12, 0x44), Avx512F.Shuffle4x128(w8, w12, 0xee));
                (w0, w8) = (Avx512F.Shuffle4x128(w0, w8, 0x88), Avx512F.Shuffle4x128(w0, w8, 0xdd));
                (w4, w12) = (Avx512F.Shuffle4x128(w4, w12, 0x88), Avx512F.Shuffle4x128(w4, w12, 0xdd));
                (w2, w6) = (Avx512F.Shuffle4x128(w2, w6, 0x44), Avx512F.Shuffle4x128(w2, w6, 0xee));
                (w10, w14) = (Avx512F.Shuffle4x128(w10, w14, 0x44), Avx512F.Shuffle4x128(w10, w14, 0xee));
                (w2, w10) = (Avx512F.Shuffle4x128(w2, w10, 0x88), Avx512F.Shuffle4x128(w2, w10, 0xdd));
                (w6, w14) = (Avx512F.Shuffle4x128(w6, w14, 0x88), Avx512F.Shuffle4x128(w6, w14, 0xdd));
                (w1, w5) = (Avx512F.Shuffle4x128(w1, w5, 0x44), Avx512F.Shuffle4x128(w1, w5, 0xee));
                (w9, w13) = (Avx512F.Shuffle4x128(w9, w13, 0x44), Avx512F.Shuffle4x128(w9, w13, 0xee));
                (w1, w9) = (Avx512F.Shuffle4x128(w1, w9, 0x88), Avx512F.Shuffle4x128(w1, w9, 0xdd));
                (w5, w13) = (Avx512F.Shuffle4x128(w5, w13, 0x88), Avx512F.Shuffle4x128(w5, w13, 0xdd));
                (w3, w7) = (Avx512F.Shuffle4x128(w3, w7, 0x44), Avx512F.Shuffle4x128(w3, w7, 0xee));
                (w11, w15) = (Avx512F.Shuffle4x128(w11, w15, 0x44), Avx512F.Shuffle4x128(w11, w15, 0xee));
                (w3, w11) = (Avx512F.Shuffle4x128(w3, w11, 0x88), Avx512F.Shuffle4x128(w3, w11, 0xdd));
                (w7, w15) = (Avx512F.Shuffle4x128(w7, w15, 0x88), Avx512F.Shuffle4x128(w7, w15, 0xdd));
                (w1, w2, w4, w5, w6, w7, w8, w9, w10, w11, w13, w14) = (
                    w2,
                    w1,
                    w8,
                    w10,
                    w9,
                    w11,
                    w4,
                    w6,
                    w5,
                    w7,
                    w14,
                    w13
                );
                w0 = Avx512BW.Shuffle(w0.AsByte(), bigEndian).AsUInt32();
                w1 = Avx512BW.Shuffle(w1.AsByte(), bigEndian).AsUInt32();
                w2 = Avx512BW.Shuffle(w2.AsByte(), bigEndian).AsUInt32();
                w3 = Avx512BW.Shuffle(w3.AsByte(), bigEndian).AsUInt32();
                w4 = Avx512BW.Shuffle(w4.AsByte(), bigEndian).AsUInt32();
                w5 = Avx512BW.Shuffle(w5.AsByte(), bigEndian).AsUInt32();
                w6 = Avx512BW.Shuffle(w6.AsByte(), bigEndian).AsUInt32();
                w7 = Avx512BW.Shuffle(w7.AsByte(), bigEndian).AsUInt32();
                w8 = Avx512BW.Shuffle(w8.AsByte(), bigEndian).AsUInt32();
                w9 = Avx512BW.Shuffle(w9.AsByte(), bigEndian).AsUInt32();
                w10 = Avx512BW.Shuffle(w10.AsByte(), bigEndian).AsUInt32();
                w11 = Avx512BW.Shuffle(w11.AsByte(), bigEndian).AsUInt32();
                w12 = Avx512BW.Shuffle(w12.AsByte(), bigEndian).AsUInt32();
                w13 = Avx512BW.Shuffle(w13.AsByte(), bigEndian).AsUInt32();
                w14 = Avx512BW.Shuffle(w14.AsByte(), bigEndian).AsUInt32();
                w15 = Avx512BW.Shuffle(w15.AsByte(), bigEndian).AsUInt32();
                Vector512<uint> t;
                for (var k = constants; ; k += 16)
                {
                    t = h + BigSigma1(e) + Choose(e, f, g) + (w0 + Vector512.Create(k[0]));
                    d += t;
                    h = t + BigSigma0(a) + Majority(a, b, c);
                    t = g + BigSigma1(d) + Choose(d, e, f) + (w1 + Vector512.Create(k[1]));
                    c += t;
                    g = t + BigSigma0(h) + Majority(h, a, b);
                    t = f + BigSigma1(c) + Choose(c, d, e) + (w2 + Vector512.Create(k[2]));
                    b += t;
                    f = t + BigSigma0(g) + Majority(g, h, a);
                    t = e + BigSigma1(b) + Choose(b, c, d) + (w3 + Vector512.Create(k[3]));
                    a += t;
                    e = t + BigSigma0(f) + Majority(f, g, h);
                    t = d + BigSigma1(a) + Choose(a, b, c) + (w4 + Vector512.Create(k[4]));
                    h += t;
                    d = t + BigSigma0(e) + Majority(e, f, g);
                    t = c + BigSigma1(h) + Choose(h, a, b) + (w5 + Vector512.Create(k[5]));
                    g += t;
                    c = t + BigSigma0(d) + Majority(d, e, f);
                    t = b + BigSigma1(g) + Choose(g, h, a) + (w6 + Vector512.Create(k[6]));
                    f += t;
                    b = t + BigSigma0(c) + Majority(c, d, e);
                    t = a + BigSigma1(f) + Choose(f, g, h) + (w7 + Vector512.Create(k[7]));
                    e += t;
                    a = t + BigSigma0(b) + Majority(b, c, d);
                    t = h + BigSigma1(e) + Choose(e, f, g) + (w8 + Vector512.Create(k[8]));
                    d += t;
                    h = t + BigSigma0(a) + Majority(a, b, c);
                    t = g + BigSigma1(d) + Choose(d, e, f) + (w9 + Vector512.Create(k[9]));
                    c += t;
                    g = t + BigSigma0(h) + Majority(h, a, b);
                    t = f + BigSigma1(c) + Choose(c, d, e) + (w10 + Vector512.Create(k[10]));
                    b += t;
                    f = t + BigSigma0(g) + Majority(g, h, a);
                    t = e + BigSigma1(b) + Choose(b, c, d) + (w11 + Vector512.Create(k[11]));
                    a += t;
                    e = t + BigSigma0(f) + Majority(f, g, h);
                    t = d + BigSigma1(a) + Choose(a, b, c) + (w12 + Vector512.Create(k[12]));
                    h += t;
                    d = t + BigSigma0(e) + Majority(e, f, g);
                    t = c + BigSigma1(h) + Choose(h, a, b) + (w13 + Vector512.Create(k[13]));
                    g += t;
                    c = t + BigSigma0(d) + Majority(d, e, f);
                    t = b + BigSigma1(g) + Choose(g, h, a) + (w14 + Vector512.Create(k[14]));
                    f += t;
                    b = t + BigSigma0(c) + Majority(c, d, e);
                    t = a + BigSigma1(f) + Choose(f, g, h) + (w15 + Vector512.Create(k[15]));
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
                a += Vector512.Load(state + 0);
                a.Store(state + 0);
                b += Vector512.Load(state + 16);
                b.Store(state + 16);
                c += Vector512.Load(state + 32);
                c.Store(state + 32);
                d += Vector512.Load(state + 48);
                d.Store(state + 48);
                e += Vector512.Load(state + 64);
                e.Store(state + 64);
                f += Vector512.Load(state + 80);
                f.Store(state + 80);
                g += Vector512.Load(state + 96);
                g.Store(state + 96);
                h += Vector512.Load(state + 112);
                h.Store(state + 112);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Low64(Vector512<uint> x, Vector512<uint> y) =>
        Avx512F.UnpackLow(x.AsUInt64(), y.AsUInt64()).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> High64(Vector512<uint> x, Vector512<uint> y) =>
        Avx512F.UnpackHigh(x.AsUInt64(), y.AsUInt64()).AsUInt32();

    // The immediates are truth tables of three inputs: 0x96 is their XOR, 0xca "x ? y : z", 0xe8 the majority.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Choose(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) =>
        Avx512F.TernaryLogic(x, y, z, 0xca);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Majority(Vector512<uint> x, Vector512<uint> y, Vector512<uint> z) =>
        Avx512F.TernaryLogic(x, y, z, 0xe8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> BigSigma0(Vector512<uint> x) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(x, 2), Avx512F.RotateRight(x, 13), Avx512F.RotateRight(x, 22), 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> BigSigma1(Vector512<uint> x) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(x, 6), Avx512F.RotateRight(x, 11), Avx512F.RotateRight(x, 25), 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> SmallSigma0(Vector512<uint> x) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(x, 7), Avx512F.RotateRight(x, 18), x >>> 3, 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> SmallSigma1(Vector512<uint> x) =>
        Avx512F.TernaryLogic(Avx512F.RotateRight(x, 17), Avx512F.RotateRight(x, 19), x >>> 10, 0x96);
}
