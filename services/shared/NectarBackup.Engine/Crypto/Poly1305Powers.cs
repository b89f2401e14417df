namespace NectarBackup.Engine.Crypto;

/// <summary>
/// r^1 to r^16 in limbs of 26 bits, laid out as the vector forms load them.
/// </summary>
internal sealed class Poly1305Powers
{
    public const int Limbs = 5;
    private const ulong LimbMask = (1 << 26) - 1;

    // Unpacking two vectors interleaves their blocks; these are the blocks in the lanes that come out.
    private static readonly int[] Order8 = [0, 4, 1, 5, 2, 6, 3, 7];
    private static readonly int[] Order4 = [0, 2, 1, 3];

    /// <summary>The limbs of r^16, r^8 and r^4: a step of sixteen, eight or four blocks.</summary>
    public readonly ulong[] Step16 = new ulong[Limbs];
    public readonly ulong[] Step8 = new ulong[Limbs];
    public readonly ulong[] Step4 = new ulong[Limbs];

    /// <summary>Per limb, the power each lane still lacks when the last step is done.</summary>
    public readonly ulong[] Last8 = new ulong[Limbs * 8];
    public readonly ulong[] Last4 = new ulong[Limbs * 4];

    public Poly1305Powers(Poly1305 r)
    {
        var power = new Poly1305Sum { H0 = 1 };
        Span<ulong> limbs = stackalloc ulong[Limbs];
        for (var exponent = 1; exponent <= 16; exponent++)
        {
            power = r.TimesR(power);
            Split(power, limbs);
            for (var i = 0; i < Limbs; i++)
            {
                if (exponent == 16)
                    Step16[i] = limbs[i];
                if (exponent == 8)
                    Step8[i] = limbs[i];
                if (exponent == 4)
                    Step4[i] = limbs[i];
                if (exponent <= 8)
                    Last8[8 * i + Array.IndexOf(Order8, 8 - exponent)] = limbs[i];
                if (exponent <= 4)
                    Last4[4 * i + Array.IndexOf(Order4, 4 - exponent)] = limbs[i];
            }
        }
    }

    /// <summary>The limbs of a sum; the top one takes what exceeds 130 bits.</summary>
    public static void Split(in Poly1305Sum sum, Span<ulong> limbs)
    {
        limbs[0] = sum.H0 & LimbMask;
        limbs[1] = sum.H0 >> 26 & LimbMask;
        limbs[2] = (sum.H0 >> 52 | sum.H1 << 12) & LimbMask;
        limbs[3] = sum.H1 >> 14 & LimbMask;
        limbs[4] = sum.H1 >> 40 | sum.H2 << 24;
    }

    /// <summary>The sum of limbs below 2^63 each, partly reduced.</summary>
    public static Poly1305Sum Join(ReadOnlySpan<ulong> limbs)
    {
        var l0 = limbs[0];
        var l1 = limbs[1] + (l0 >> 26);
        var l2 = limbs[2] + (l1 >> 26);
        var l3 = limbs[3] + (l2 >> 26);
        var l4 = limbs[4] + (l3 >> 26);
        l0 = (l0 & LimbMask) + 5 * (l4 >> 26);
        l1 = (l1 & LimbMask) + (l0 >> 26);
        l2 = (l2 & LimbMask) + (l1 >> 26);
        l3 = (l3 & LimbMask) + (l2 >> 26);
        l4 = (l4 & LimbMask) + (l3 >> 26);
        l0 &= LimbMask;
        l1 &= LimbMask;
        l2 &= LimbMask;
        l3 &= LimbMask;
        return new Poly1305Sum
        {
            H0 = l0 | l1 << 26 | l2 << 52,
            H1 = l2 >> 12 | l3 << 14 | l4 << 40,
            H2 = l4 >> 24,
        };
    }
}
