#pragma warning disable
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

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
