using System.Security.Cryptography;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// IVs out of the system's generator, fetched by the page: one call of the kernel serves 256 blobs. Each byte is
/// handed out once and wiped.
/// </summary>
internal static class RandomPool
{
    private const int PageSize = 4096;

    [ThreadStatic]
    private static byte[]? _page;

    [ThreadStatic]
    private static int _used;

    /// <summary>Fills a whole IV; never all zero, which restic refuses.</summary>
    public static void NextIv(Span<byte> iv)
    {
        do
        {
            if (_page is null || _used + iv.Length > PageSize)
            {
                _page ??= new byte[PageSize];
                RandomNumberGenerator.Fill(_page);
                _used = 0;
            }
            var fresh = _page.AsSpan(_used, iv.Length);
            fresh.CopyTo(iv);
            fresh.Clear();
            _used += iv.Length;
        } while (iv.IndexOfAnyExcept((byte)0) < 0);
    }
}
