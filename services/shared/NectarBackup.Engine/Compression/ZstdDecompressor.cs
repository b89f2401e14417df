using ZstdSharp.Unsafe;

namespace NectarBackup.Engine.Compression;

/// <summary>One zstd context, reused from blob to blob. Not thread safe: one per worker.</summary>
public sealed unsafe class ZstdDecompressor : IDisposable
{
    private const int MaxWindowLog = 27;
    private const int FirstLength = 64 * 1024;
    private ZSTD_DCtx_s* _context = Methods.ZSTD_createDCtx();

    /// <summary>Decompresses all frames of <paramref name="source"/>; returns the bytes written.</summary>
    /// <exception cref="RepositoryException">Damaged: no frames, cut short, or more than the destination holds.</exception>
    public int Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ObjectDisposedException.ThrowIf(_context == null, this);
        if (source.IsEmpty)
            throw Zstd.Damaged("there is no zstd frame"); // which zstd takes for an empty one
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            var written = Methods.ZSTD_decompressDCtx(
                _context,
                to,
                (nuint)destination.Length,
                from,
                (nuint)source.Length
            );
            return Methods.ZSTD_isError(written) ? throw Zstd.Damaged("no valid zstd frame") : (int)written;
        }
    }

    /// <summary>Decompresses frames of unknown size, growing with what they really hold.</summary>
    /// <param name="source">One or more whole frames.</param>
    /// <param name="maxLength">More bytes than this are refused.</param>
    /// <exception cref="RepositoryException">Damaged, or larger than the bound, or a window above 128 MiB.</exception>
    public byte[] DecompressBounded(ReadOnlySpan<byte> source, int maxLength)
    {
        ObjectDisposedException.ThrowIf(_context == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        _ = Methods.ZSTD_DCtx_reset(_context, ZSTD_ResetDirective.ZSTD_reset_session_and_parameters);
        _ = Methods.ZSTD_DCtx_setParameter(_context, ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
        var result = new byte[Math.Min(FirstLength, maxLength)];
        nuint read = 0,
            written = 0;
        fixed (byte* from = source)
        {
            while (true)
            {
                nuint hint;
                bool full,
                    stuck;
                fixed (byte* to = result)
                {
                    var input = new ZSTD_inBuffer_s
                    {
                        src = from,
                        size = (nuint)source.Length,
                        pos = read,
                    };
                    var output = new ZSTD_outBuffer_s
                    {
                        dst = to,
                        size = (nuint)result.Length,
                        pos = written,
                    };
                    hint = Methods.ZSTD_decompressStream(_context, &output, &input);
                    if (Methods.ZSTD_isError(hint))
                        throw Zstd.Damaged("no valid zstd frame");
                    full = output.pos == output.size;
                    stuck = input.pos == read && output.pos == written;
                    (read, written) = (input.pos, output.pos);
                }
                if (hint == 0 && read == (nuint)source.Length)
                    return result.AsSpan(0, (int)written).ToArray();
                // At the bound a frame may still have to be read to its end; only what then moves no more is too long.
                if (stuck && (!full || result.Length == maxLength))
                    throw Zstd.Damaged(full ? "it holds more than it may" : "the zstd frame is cut short");
                if (full && result.Length < maxLength)
                    Array.Resize(ref result, (int)Math.Min(2L * result.Length, maxLength));
            }
        }
    }

    public void Dispose()
    {
        if (_context != null)
            _ = Methods.ZSTD_freeDCtx(_context);
        _context = null;
    }
}
