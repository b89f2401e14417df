namespace NectarBackup.Engine.Chunking;

/// <summary>
/// Cuts a stream where its content says so: the same cuts as restic's for the same polynomial, so that both share blobs
/// (github.com/restic/chunker, chunker.go:Next). Immutable; any number of threads may share one.
/// </summary>
/// <exception cref="ArgumentException">The polynomial is not irreducible of degree 53.</exception>
public sealed class Chunker(ChunkerPolynomial polynomial)
{
    /// <summary>Bytes of the smallest chunk, but for the last of a stream.</summary>
    public const int MinSize = 512 * 1024;

    /// <summary>Bytes of the largest chunk.</summary>
    public const int MaxSize = 8 * 1024 * 1024;

    private readonly RabinTables _tables = polynomial.IsIrreducible
        ? new RabinTables(polynomial)
        : throw new ArgumentException("The polynomial is not irreducible of degree 53.", nameof(polynomial));

    /// <summary>The length of the chunk that starts <paramref name="data"/>, or 0 if that takes more data.</summary>
    /// <param name="data">What is there so far, from the chunk's first byte on; bytes past <see cref="MaxSize"/> are not read.</param>
    /// <param name="scanned">The caller's memory of this chunk: 0 at its start, passed again when the data has grown.</param>
    /// <param name="endOfStream">Nothing follows <paramref name="data"/>: what is left is the last chunk; 0 for no bytes.</param>
    public unsafe int FindCut(ReadOnlySpan<byte> data, ref int scanned, bool endOfStream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(scanned);
        var length = Math.Min(data.Length, MaxSize);
        var from = Math.Max(scanned, MinSize - 1);
        if (from < length)
        {
            int last;
            fixed (byte* start = data)
                last = GfniScan.IsSupported
                    ? GfniScan.Find(_tables, start, from, length)
                    : ScalarScan.Find(_tables, start, from, length);
            if (last >= 0)
                return last + 1;
            scanned = length;
        }
        return length == MaxSize || endOfStream ? length : 0;
    }
}
