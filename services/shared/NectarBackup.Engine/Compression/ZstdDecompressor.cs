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
        using var result = new NativeBuffer();
        DecompressBounded(source, result, maxLength);
        return result.Written.ToArray();
    }

    /// <summary>As the other <c>DecompressBounded</c>, appending to <paramref name="result"/>.</summary>
    internal void DecompressBounded(ReadOnlySpan<byte> source, NativeBuffer result, int maxLength)
    {
        ObjectDisposedException.ThrowIf(_context == null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        _ = Methods.ZSTD_DCtx_reset(_context, ZSTD_ResetDirective.ZSTD_reset_session_and_parameters);
        _ = Methods.ZSTD_DCtx_setParameter(_context, ZSTD_dParameter.ZSTD_d_windowLogMax, MaxWindowLog);
        var left = maxLength;
        fixed (byte* from = source)
        {
            var input = new ZSTD_inBuffer_s { src = from, size = (nuint)source.Length };
            while (true)
            {
                // One byte beyond the bound tells a frame that ends there from one that goes on.
                var room = result.GetSpan(Math.Min(FirstLength, left + 1));
                room = room[..(int)Math.Min(room.Length, left + 1L)];
                nuint hint,
                    written;
                var before = input.pos;
                fixed (byte* to = room)
                {
                    var output = new ZSTD_outBuffer_s { dst = to, size = (nuint)room.Length };
                    hint = Methods.ZSTD_decompressStream(_context, &output, &input);
                    written = output.pos;
                }
                if (Methods.ZSTD_isError(hint))
                    throw Zstd.Damaged("no valid zstd frame");
                result.Advance((int)written);
                left -= (int)written;
                if (left < 0)
                    throw Zstd.Damaged("it holds more than it may");
                if (hint == 0 && input.pos == input.size)
                    return;
                if (written == 0 && input.pos == before)
                    throw Zstd.Damaged("the zstd frame is cut short");
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
