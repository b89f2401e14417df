using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;

namespace NectarBackup.Engine.Chunking;

/// <summary>
/// The modulus of a repository's rolling hash: a polynomial over GF(2), bit i the coefficient of x^i
/// (restic design: "Backups and Deduplication"; <c>chunker_polynomial</c> in the config file).
/// </summary>
public readonly record struct ChunkerPolynomial(ulong Value)
{
    /// <summary>The only degree restic makes.</summary>
    public const int Degree = 53;

    private const int MaxHexDigits = 16;

    /// <summary>A random irreducible polynomial of degree 53, for a new repository.</summary>
    public static ChunkerPolynomial Generate()
    {
        Span<byte> random = stackalloc byte[sizeof(ulong)];
        while (true)
        {
            RandomNumberGenerator.Fill(random);
            var low = BitConverter.ToUInt64(random) & ((1UL << Degree) - 1);
            var candidate = new ChunkerPolynomial(low | 1UL << Degree | 1);
            if (candidate.IsIrreducible)
                return candidate;
        }
    }

    /// <summary>Reads hex digits as restic writes them; false unless they are a polynomial of degree 53.</summary>
    public static bool TryParse(ReadOnlySpan<char> hex, out ChunkerPolynomial polynomial)
    {
        polynomial = default;
        if (
            hex.Length is 0 or > MaxHexDigits
            || !ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            || DegreeOf(value) != Degree
        )
            return false;
        polynomial = new ChunkerPolynomial(value);
        return true;
    }

    /// <summary>
    /// Whether the degree is 53 and no polynomial of a smaller degree divides this one (Ben-Or: no common factor with
    /// x^(2^i) - x for every i up to half the degree). Takes some microseconds.
    /// </summary>
    public bool IsIrreducible
    {
        get
        {
            if (DegreeOf(Value) != Degree)
                return false;
            var power = 2UL;
            for (var i = 1; i <= Degree / 2; i++)
            {
                power = MultiplyModulo(power, power);
                if (GreatestCommonDivisor(Value, power ^ 2) != 1)
                    return false;
            }
            return true;
        }
    }

    /// <summary>Lower-case hex without prefix, as in the config file.</summary>
    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>a * x^<paramref name="bits"/> modulo this polynomial; <paramref name="a"/> is already reduced.</summary>
    internal ulong Shift(ulong a, int bits)
    {
        for (; bits > 0; bits--)
        {
            a <<= 1;
            if ((a >> Degree & 1) != 0)
                a ^= Value;
        }
        return a;
    }

    private ulong MultiplyModulo(ulong a, ulong b)
    {
        var product = 0UL;
        for (var i = Degree - 1; i >= 0; i--)
        {
            product = Shift(product, 1);
            if ((b >> i & 1) != 0)
                product ^= a;
        }
        return product;
    }

    private static ulong GreatestCommonDivisor(ulong a, ulong b)
    {
        while (b != 0)
        {
            while (DegreeOf(a) >= DegreeOf(b))
                a ^= b << DegreeOf(a) - DegreeOf(b);
            (a, b) = (b, a);
        }
        return a;
    }

    private static int DegreeOf(ulong value) => 63 - BitOperations.LeadingZeroCount(value);
}
