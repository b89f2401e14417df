using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace NectarBackup.Engine.Crypto;

/// <summary>The sum so far: a number below 2^131 in 64-bit limbs.</summary>
internal struct Poly1305Sum
{
    public ulong H0,
        H1,
        H2;
}

/// <summary>
/// Poly1305 (RFC 8439, 2.5) under one fixed multiplier r, whose powers are kept for the vector forms. Thread safe.
/// </summary>
internal sealed class Poly1305
{
    public const int TagSize = 16;
    public const int BlockSize = 16;

    private readonly ulong _r0,
        _r1;
    private readonly Poly1305Powers _powers;

    public Poly1305(ReadOnlySpan<byte> r)
    {
        _r0 = BinaryPrimitives.ReadUInt64LittleEndian(r) & 0x0ffffffc0fffffff;
        _r1 = BinaryPrimitives.ReadUInt64LittleEndian(r[8..]) & 0x0ffffffc0ffffffc;
        _powers = new Poly1305Powers(this);
    }

    /// <summary>The tag of a whole message; <paramref name="s"/> is the one-time half of the key.</summary>
    public void Tag(ReadOnlySpan<byte> message, ReadOnlySpan<byte> s, Span<byte> tag)
    {
        var sum = default(Poly1305Sum);
        Add(ref sum, message);
        Finish(sum, s, tag);
    }

    /// <summary>Adds a piece of the message; all pieces but the last are whole blocks of 16 bytes.</summary>
    public void Add(ref Poly1305Sum sum, ReadOnlySpan<byte> piece)
    {
        // Below these lengths folding the lanes together costs more than they gain.
        var done = 0;
        if (Avx512F.IsSupported && piece.Length >= 2 * Poly1305Avx512.Step)
            done = Poly1305Avx512.Add(ref sum, _powers, piece);
        else if (Avx2.IsSupported && piece.Length >= 4 * Poly1305Avx2.Step)
            done = Poly1305Avx2.Add(ref sum, _powers, piece);
        AddPortable(ref sum, piece[done..]);
    }

    internal int AddAvx512(ref Poly1305Sum sum, ReadOnlySpan<byte> piece) =>
        Poly1305Avx512.Add(ref sum, _powers, piece);

    internal int AddAvx2(ref Poly1305Sum sum, ReadOnlySpan<byte> piece) => Poly1305Avx2.Add(ref sum, _powers, piece);

    internal void AddPortable(ref Poly1305Sum sum, ReadOnlySpan<byte> piece)
    {
        var h = sum;
        while (piece.Length >= BlockSize)
        {
            Plus(
                ref h,
                BinaryPrimitives.ReadUInt64LittleEndian(piece),
                BinaryPrimitives.ReadUInt64LittleEndian(piece[8..]),
                1
            );
            Times(ref h, _r0, _r1);
            piece = piece[BlockSize..];
        }
        if (piece.Length > 0)
        {
            Span<byte> last = stackalloc byte[BlockSize];
            last.Clear();
            piece.CopyTo(last);
            last[piece.Length] = 1;
            Plus(
                ref h,
                BinaryPrimitives.ReadUInt64LittleEndian(last),
                BinaryPrimitives.ReadUInt64LittleEndian(last[8..]),
                0
            );
            Times(ref h, _r0, _r1);
        }
        sum = h;
    }

    /// <summary>sum * r, for the table of powers.</summary>
    internal Poly1305Sum TimesR(Poly1305Sum sum)
    {
        Times(ref sum, _r0, _r1);
        return sum;
    }

    /// <summary>Reduces fully and adds s: (sum mod 2^130-5) + s mod 2^128.</summary>
    public static void Finish(Poly1305Sum sum, ReadOnlySpan<byte> s, Span<byte> tag)
    {
        FoldTop(ref sum);
        // sum < 2^130 + small: subtract the prime once if that does not borrow, in constant time.
        var t0 = sum.H0 + 5;
        var carry = t0 < 5 ? 1UL : 0;
        var t1 = sum.H1 + carry;
        carry = t1 < carry ? 1UL : 0;
        var keep = (sum.H2 + carry >> 2) - 1;
        var h0 = sum.H0 & keep | t0 & ~keep;
        var h1 = sum.H1 & keep | t1 & ~keep;
        var s0 = BinaryPrimitives.ReadUInt64LittleEndian(s);
        h0 += s0;
        h1 += BinaryPrimitives.ReadUInt64LittleEndian(s[8..]) + (h0 < s0 ? 1UL : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(tag, h0);
        BinaryPrimitives.WriteUInt64LittleEndian(tag[8..], h1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Plus(ref Poly1305Sum h, ulong low, ulong high, ulong top)
    {
        h.H0 += low;
        var carry = h.H0 < low ? 1UL : 0;
        h.H1 += carry;
        carry = h.H1 < carry ? 1UL : 0;
        h.H1 += high;
        carry += h.H1 < high ? 1UL : 0;
        h.H2 += carry + top;
    }

    // 2^130 = 5: what stands above bit 130 comes back five times.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void FoldTop(ref Poly1305Sum h)
    {
        var top = h.H2 >> 2;
        h.H2 &= 3;
        Plus(ref h, top * 5, 0, 0);
    }

    /// <summary>h * (r1:r0) with r clamped (top four bits of each word clear), so that no partial sum overflows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Times(ref Poly1305Sum h, ulong r0, ulong r1)
    {
        var m0High = Math.BigMul(h.H0, r0, out var m0);
        var aHigh = Math.BigMul(h.H1, r0, out var a);
        var bHigh = Math.BigMul(h.H0, r1, out var b);
        var cHigh = Math.BigMul(h.H1, r1, out var c);
        var d = h.H2 * r0; // H2 is at most 7: the product stays in 64 bits.
        var e = h.H2 * r1;

        a += b;
        aHigh += bHigh + (a < b ? 1UL : 0);
        c += d;
        cHigh += c < d ? 1UL : 0;

        var t1 = a + m0High;
        var carry = t1 < a ? 1UL : 0;
        var t2 = c + carry;
        var carry2 = t2 < c ? 1UL : 0;
        t2 += aHigh;
        carry2 += t2 < aHigh ? 1UL : 0;
        var t3 = e + cHigh + carry2;

        // (t3:t2) >> 2 is the part above bit 130; add it once times four (unshifted) and once times one.
        h.H0 = m0;
        h.H1 = t1;
        h.H2 = t2 & 3;
        Plus(ref h, t2 & ~3UL, t3, 0);
        Plus(ref h, t2 >> 2 | t3 << 62, t3 >> 2, 0);
    }
}
