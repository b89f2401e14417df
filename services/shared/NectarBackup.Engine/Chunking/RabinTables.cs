namespace NectarBackup.Engine.Chunking;

/// <summary>
/// What the kernels need of a polynomial. With d the digest of the last 64 bytes, one byte c enters and one leaves:
/// d' = d * x^8 + c - leaving * x^512, all modulo the polynomial (github.com/restic/chunker, chunker.go:fillTables).
/// </summary>
internal sealed class RabinTables
{
    /// <summary>Bytes the digest depends on.</summary>
    public const int Window = 64;

    /// <summary>A cut may follow where these bits of the digest are zero: one position in 2^20.</summary>
    public const ulong CutMask = (1 << 20) - 1;

    /// <summary>Shift that brings the digest's upper eight bits down.</summary>
    public const int TopShift = ChunkerPolynomial.Degree - 8;

    /// <summary>Bits by which the vector kernel holds the digest shifted up, so that its top byte is a plane of its own.</summary>
    private const int PlaneShift = Planes * 8 - ChunkerPolynomial.Degree;

    /// <summary>Bytes of a digest shifted by three bits.</summary>
    public const int Planes = 7;

    /// <summary>[b] = what the digest's upper bits b turn into when shifted out, and these bits themselves, to clear them.</summary>
    public readonly ulong[] Reduce = new ulong[256];

    /// <summary>[b] = b * x^512: the share of the byte that leaves.</summary>
    public readonly ulong[] Leave = new ulong[256];

    /// <summary>GF2P8AFFINEQB matrices: seven of <see cref="Reduce"/>, seven of <see cref="Leave"/>, two that add a byte.</summary>
    public readonly ulong[] Matrices = new ulong[2 * Planes + 2];

    public RabinTables(ChunkerPolynomial polynomial)
    {
        for (var b = 0; b < 256; b++)
        {
            var top = (ulong)b << TopShift;
            Reduce[b] = polynomial.Shift(top, 8) | top << 8;
            Leave[b] = polynomial.Shift((ulong)b, 8 * Window);
        }
        for (var plane = 0; plane < Planes; plane++)
        {
            var shift = 8 * plane;
            const ulong reduced = (1UL << ChunkerPolynomial.Degree) - 1;
            Matrices[plane] = Matrix(b => (byte)((Reduce[b] & reduced) << PlaneShift >> shift));
            Matrices[Planes + plane] = Matrix(b => (byte)(Leave[b] << PlaneShift >> shift));
        }
        Matrices[2 * Planes] = Matrix(b => (byte)(b << PlaneShift));
        Matrices[2 * Planes + 1] = Matrix(b => (byte)(b >> 8 - PlaneShift));
    }

    // The row of output bit i is byte 7 - i of the operand (Intel SDM: GF2P8AFFINEQB).
    private static ulong Matrix(Func<int, byte> linear)
    {
        var matrix = 0UL;
        for (var input = 0; input < 8; input++)
        for (var output = 0; output < 8; output++)
            if ((linear(1 << input) >> output & 1) != 0)
                matrix |= 1UL << 8 * (7 - output) + input;
        return matrix;
    }
}
