using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// scrypt (RFC 7914): makes guessing a repository's password cost memory. The p independent mixes run two abreast in
/// the halves of 256-bit registers where there are such.
/// </summary>
public static class Scrypt
{
    /// <summary>The largest n; with r = 8 the memory bound ends it earlier.</summary>
    public const int MaxN = 1 << 22;

    public const int MaxR = 64;
    public const int MaxP = 64;

    /// <summary>Bytes of table one mix may take.</summary>
    public const long MaxTableBytes = 1L << 30;

    /// <summary>Bytes that all mixes together may go through: about a minute; restic's own keys ask for a third of a GiB.</summary>
    public const long MaxWorkBytes = 16L << 30;

    /// <summary>Derives a key.</summary>
    /// <param name="n">Rows of the table: a power of two, 2 to <see cref="MaxN"/>.</param>
    /// <param name="r">Width of a row in units of 128 bytes, 1 to <see cref="MaxR"/>.</param>
    /// <param name="p">Independent mixes, 1 to <see cref="MaxP"/>.</param>
    /// <param name="output">Filled whole; any length.</param>
    /// <exception cref="RepositoryException">
    /// Unsupported: a parameter is out of range, or the table (128 n r bytes) would exceed <see cref="MaxTableBytes"/>.
    /// The parameters come from a key file, which anyone with access to the store can write.
    /// </exception>
    public static void DeriveKey(
        ReadOnlySpan<byte> password,
        ReadOnlySpan<byte> salt,
        int n,
        int r,
        int p,
        Span<byte> output
    ) => DeriveKey(password, salt, n, r, p, output, pairs: Avx2.IsSupported);

    internal static void DeriveKey(
        ReadOnlySpan<byte> password,
        ReadOnlySpan<byte> salt,
        int n,
        int r,
        int p,
        Span<byte> output,
        bool pairs
    )
    {
        if (n is < 2 or > MaxN || !BitOperations.IsPow2(n) || r is < 1 or > MaxR || p is < 1 or > MaxP)
            throw Unsupported(n, r, p);
        var tableBytes = 128L * n * r;
        if (tableBytes > MaxTableBytes || tableBytes * p > MaxWorkBytes)
            throw Unsupported(n, r, p);
        var mixBytes = 128 * r;
        var blocks = new byte[mixBytes * p];
        try
        {
            Rfc2898DeriveBytes.Pbkdf2(password, salt, blocks, 1, HashAlgorithmName.SHA256);
            Mix(blocks, n, r, p, pairs && p > 1);
            Rfc2898DeriveBytes.Pbkdf2(password, blocks, output, 1, HashAlgorithmName.SHA256);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(blocks);
        }
    }

    private static unsafe void Mix(byte[] blocks, int n, int r, int p, bool pairs)
    {
        var mixBytes = 128 * r;
        var lanes = pairs ? 2 : 1;
        // One whole table, or two halves.
        var tableBytes = (nuint)n * (nuint)mixBytes;
        // Behind the tables lie the states a mix goes back and forth between.
        var stateBytes = (nuint)(mixBytes * lanes);
        var total = tableBytes + 4 * stateBytes;
        var memory = (byte*)NativeMemory.AlignedAlloc(total, 64);
        try
        {
            var state = memory + tableBytes;
            fixed (byte* all = blocks)
            {
                var i = 0;
                for (; pairs && i + 1 < p; i += 2)
                    ScryptPair.Mix(all + i * mixBytes, all + (i + 1) * mixBytes, n, r, memory, state);
                for (; i < p; i++)
                    ScryptSingle.Mix(all + i * mixBytes, n, r, memory, state);
            }
        }
        finally
        {
            // The table tells the password as well as the key does.
            NativeMemory.Clear(memory, total);
            NativeMemory.AlignedFree(memory);
        }
    }

    private static RepositoryException Unsupported(int n, int r, int p) =>
        new(
            RepositoryError.Unsupported,
            $"the key asks for scrypt with N={n}, r={r}, p={p}, which is out of range",
            $"N must be a power of two up to {MaxN}, r and p 1 to {MaxR}, the table at most 1 GiB, and 128 N r p at most 16 GiB"
        );
}
