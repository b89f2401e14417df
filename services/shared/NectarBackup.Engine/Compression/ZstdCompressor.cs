using ZstdSharp.Unsafe;

namespace NectarBackup.Engine.Compression;

/// <summary>One zstd context, reused from blob to blob. Not thread safe: one per worker.</summary>
public sealed unsafe class ZstdCompressor : IDisposable
{
    private ZSTD_CCtx_s* _context;

    /// <param name="level">A level of zstd, from its fastest negative one to 22.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such level.</exception>
    public ZstdCompressor(int level)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(level, Methods.ZSTD_minCLevel());
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, Methods.ZSTD_maxCLevel());
        _context = Methods.ZSTD_createCCtx();
        if (_context == null)
            throw new InvalidOperationException("zstd: no memory for a context");
        _ = Methods.ZSTD_CCtx_setParameter(_context, ZSTD_cParameter.ZSTD_c_compressionLevel, level);
    }

    /// <summary>
    /// Writes one frame that states its content's size; returns its length, or 0 if it does not fit into
    /// <paramref name="destination"/>. A destination shorter than the source so stops early on what does not shrink.
    /// </summary>
    public int Compress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_context == null, this);
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            var written = Methods.ZSTD_compress2(_context, to, (nuint)destination.Length, from, (nuint)source.Length);
            if (!Methods.ZSTD_isError(written))
                return (int)written;
            if (Methods.ZSTD_getErrorCode(written) != ZSTD_ErrorCode.ZSTD_error_dstSize_tooSmall)
                throw new InvalidOperationException("zstd: " + Methods.ZSTD_getErrorName(written));
            return 0;
        }
    }

    public void Dispose()
    {
        if (_context != null)
            _ = Methods.ZSTD_freeCCtx(_context);
        _context = null;
    }
}
