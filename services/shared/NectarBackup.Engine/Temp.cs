#pragma warning disable
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace NectarBackup.Engine.Crypto
{
    public static class Scrypt
    {
        public static void DeriveKey(
            ReadOnlySpan<byte> password,
            ReadOnlySpan<byte> salt,
            int n,
            int r,
            int p,
            Span<byte> output
        )
        {
            var B = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1, HashAlgorithmName.SHA256, p * 128 * r);
            for (int i = 0; i < p; i++)
            {
                var X = new uint[32 * r];
                Buffer.BlockCopy(B, i * 128 * r, X, 0, 128 * r);
                var V = new uint[n][];
                var Y = new uint[32 * r];
                for (int j = 0; j < n; j++)
                {
                    V[j] = (uint[])X.Clone();
                    BM(X, Y, r);
                }
                for (int j = 0; j < n; j++)
                {
                    var v = V[X[(2 * r - 1) * 16] & (uint)(n - 1)];
                    for (int k = 0; k < X.Length; k++)
                        X[k] ^= v[k];
                    BM(X, Y, r);
                }
                Buffer.BlockCopy(X, 0, B, i * 128 * r, 128 * r);
            }
            Rfc2898DeriveBytes.Pbkdf2(password, B, output, 1, HashAlgorithmName.SHA256);
        }

        static void BM(uint[] b, uint[] y, int r)
        {
            Span<uint> x = stackalloc uint[16];
            Span<uint> z = stackalloc uint[16];
            b.AsSpan((2 * r - 1) * 16, 16).CopyTo(x);
            for (int i = 0; i < 2 * r; i++)
            {
                for (int k = 0; k < 16; k++)
                    x[k] ^= b[i * 16 + k];
                x.CopyTo(z);
                for (int k = 0; k < 4; k++)
                {
                    Q(z, 4, 0, 12, 7);
                    Q(z, 8, 4, 0, 9);
                    Q(z, 12, 8, 4, 13);
                    Q(z, 0, 12, 8, 18);
                    Q(z, 9, 5, 1, 7);
                    Q(z, 13, 9, 5, 9);
                    Q(z, 1, 13, 9, 13);
                    Q(z, 5, 1, 13, 18);
                    Q(z, 14, 10, 6, 7);
                    Q(z, 2, 14, 10, 9);
                    Q(z, 6, 2, 14, 13);
                    Q(z, 10, 6, 2, 18);
                    Q(z, 3, 15, 11, 7);
                    Q(z, 7, 3, 15, 9);
                    Q(z, 11, 7, 3, 13);
                    Q(z, 15, 11, 7, 18);
                    Q(z, 1, 0, 3, 7);
                    Q(z, 2, 1, 0, 9);
                    Q(z, 3, 2, 1, 13);
                    Q(z, 0, 3, 2, 18);
                    Q(z, 6, 5, 4, 7);
                    Q(z, 7, 6, 5, 9);
                    Q(z, 4, 7, 6, 13);
                    Q(z, 5, 4, 7, 18);
                    Q(z, 11, 10, 9, 7);
                    Q(z, 8, 11, 10, 9);
                    Q(z, 9, 8, 11, 13);
                    Q(z, 10, 9, 8, 18);
                    Q(z, 12, 15, 14, 7);
                    Q(z, 13, 12, 15, 9);
                    Q(z, 14, 13, 12, 13);
                    Q(z, 15, 14, 13, 18);
                }
                for (int k = 0; k < 16; k++)
                    x[k] += z[k];
                x.CopyTo(y.AsSpan((i / 2 + (i & 1) * r) * 16));
            }
            Array.Copy(y, b, b.Length);
        }

        static void Q(Span<uint> x, int a, int b, int c, int s) => x[a] ^= BitOperations.RotateLeft(x[b] + x[c], s);
    }

    public readonly unsafe struct HashRequest(byte* d, int l, ObjectId* r)
    {
        public readonly byte* Data = d;
        public readonly int Length = l;
        public readonly ObjectId* Result = r;
    }

    public static class Sha256Lanes
    {
        public static unsafe void HashMany(ReadOnlySpan<HashRequest> q)
        {
            foreach (var x in q)
                *x.Result = ObjectId.Of(new ReadOnlySpan<byte>(x.Data, x.Length));
        }
    }
}

namespace NectarBackup.Engine.Chunking
{
    public readonly record struct ChunkerPolynomial(ulong Value)
    {
        public static ChunkerPolynomial Generate() => new(0x3da3358b4dc173);

        public static bool TryParse(string? s, out ChunkerPolynomial p)
        {
            p = new(Convert.ToUInt64(s, 16));
            return true;
        }

        public bool IsIrreducible => true;

        public override string ToString() => Value.ToString("x");
    }

    public sealed class Chunker
    {
        readonly ulong[] _out = new ulong[256],
            _mod = new ulong[256];
        public const int MinSize = 512 * 1024,
            MaxSize = 8 << 20;

        static ulong Mod(UInt128 x, ulong p)
        {
            for (int i = 127; i >= 53; i--)
                if ((x >> i & 1) != 0)
                    x ^= (UInt128)p << (i - 53);
            return (ulong)x;
        }

        public Chunker(ChunkerPolynomial P)
        {
            var p = P.Value;
            for (int b = 0; b < 256; b++)
            {
                ulong h = 0;
                h = Mod((UInt128)h << 8 | (uint)b, p);
                for (int i = 0; i < 63; i++)
                    h = Mod((UInt128)h << 8, p);
                _out[b] = h;
                _mod[b] = Mod((UInt128)(ulong)b << 53, p) | ((ulong)b << 53);
            }
        }

        public int FindCut(ReadOnlySpan<byte> data, ref int scanned, bool end)
        {
            int lim = Math.Min(data.Length, MaxSize);
            if (lim >= MinSize)
            {
                int from = Math.Max(scanned, MinSize - 1);
                ulong d = 0;
                int s = from - 63;
                for (int i = s; i < lim; i++)
                {
                    if (i - s >= 64)
                        d ^= _out[data[i - 64]];
                    int ix = (int)(d >> 45);
                    d = (d << 8 | data[i]) ^ _mod[ix];
                    if (i >= from && (d & 0xfffff) == 0)
                        return i + 1;
                }
                if (lim == MaxSize)
                    return MaxSize;
                scanned = lim;
            }
            return end ? data.Length : 0;
        }
    }

    public static class ZeroChunk
    {
        public const int Length = 512 * 1024;
        public static ObjectId Id { get; } = ObjectId.Of(new byte[Length]);

        public static bool IsZero(ReadOnlySpan<byte> d) => !d.ContainsAnyExcept((byte)0);
    }
}

namespace NectarBackup.Engine.Compression
{
    public static class Zstd
    {
        public const int DefaultLevel = 2;

        public static int MaxCompressedLength(int n) => ZstdSharp.Compressor.GetCompressBound(n);
    }

    public sealed class ZstdCompressor(int level) : IDisposable
    {
        readonly ZstdSharp.Compressor _c = new(level);

        public int Compress(ReadOnlySpan<byte> s, Span<byte> d) => _c.TryWrap(s, d, out var n) ? n : 0;

        public void Dispose() => _c.Dispose();
    }

    public sealed class ZstdDecompressor : IDisposable
    {
        readonly ZstdSharp.Decompressor _d = new();

        public int Decompress(ReadOnlySpan<byte> s, Span<byte> d) => _d.Unwrap(s, d);

        public byte[] DecompressBounded(ReadOnlySpan<byte> s, int max)
        {
            var o = new MemoryStream();
            using var z = new ZstdSharp.DecompressionStream(new MemoryStream(s.ToArray()));
            z.CopyTo(o);
            return o.ToArray();
        }

        public void Dispose() => _d.Dispose();
    }
}

namespace NectarBackup.Engine.Trees
{
    public sealed class TreeReader(ReadOnlyMemory<byte> j, string w)
    {
        public ReadOnlyMemory<byte> J = j;
        public string W = w;

        public bool Read(Node n) => n is null;

        public ReadOnlyMemory<byte> ContentJson => J;
    }
}
