using ZstdSharp.Unsafe;

namespace NectarBackup.Engine.Compression;

/// <summary>Sizes of zstd frames (RFC 8878).</summary>
public static class Zstd
{
    /// <summary>
    /// The level of new blobs: what restic's <c>auto</c> reaches in size, for 15 to 30 % less time than level 3.
    /// </summary>
    public const int DefaultLevel = 2;

    /// <summary>Bytes that any content of <paramref name="length"/> bytes fits into once compressed.</summary>
    public static int MaxCompressedLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return checked((int)Methods.ZSTD_compressBound((nuint)length));
    }

    internal static RepositoryException Damaged(string how) => RepositoryException.Damaged("compressed data", how);
}
