using System.Buffers.Binary;
using System.Security.Cryptography;
using NectarBackup.Engine.Chunking;

namespace NectarBackup.Engine.Tests.Chunking;

public sealed class ChunkerTests
{
    private static readonly ChunkerPolynomial Known = new(0x3da3358b4dc173);

    [Fact]
    public void The_published_vector_is_cut_as_restic_cuts_it()
    {
        var data = new byte[8 * 1024 * 1024];
        Span<byte> counter = stackalloc byte[4];
        for (var i = 0; i < data.Length / 32; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(counter, i);
            SHA256.HashData(counter, data.AsSpan(32 * i));
        }
        int[] expected = [1451098, 1035820, 1818146, 698627, 1152066, 2232851];
        Assert.Equal(expected, Cut(Known, data, int.MaxValue));
        Assert.Equal(expected, RingRabin.Cut(Known, data));
    }

    [Theory]
    [InlineData("random")]
    [InlineData("two values")]
    [InlineData("zeros and noise")]
    [InlineData("periodic")]
    [InlineData("ones")]
    public void Every_feeding_gives_the_cuts_of_the_definition(string kind)
    {
        var random = new Random(kind.Length);
        for (var round = 0; round < 3; round++)
        {
            var polynomial = ChunkerPolynomial.Generate();
            var data = Data(kind, random, 9_500_000 + random.Next(1000));
            var expected = RingRabin.Cut(polynomial, data);
            Assert.Equal(expected, Cut(polynomial, data, int.MaxValue));
            Assert.Equal(expected, Cut(polynomial, data, 100_003));
            Assert.Equal(expected, Cut(polynomial, data, 4_099));
        }
    }

    [Fact]
    public unsafe void The_kernels_agree_at_every_alignment_and_length()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var tables = new RabinTables(ChunkerPolynomial.Generate());
            var data = Data(round % 2 == 0 ? "random" : "zeros and noise", random, 600_000);
            var from = 64 + random.Next(200);
            var to = from + random.Next(data.Length - from);
            fixed (byte* start = data)
            {
                var scalar = ScalarScan.Find(tables, start, from, to);
                if (GfniScan.IsSupported)
                    Assert.Equal(scalar, GfniScan.Find(tables, start, from, to));
            }
        }
    }

    [Fact]
    public void Zeros_are_cut_into_zero_chunks()
    {
        var data = new byte[3 * ZeroChunk.Size + 5];
        Assert.Equal([ZeroChunk.Size, ZeroChunk.Size, ZeroChunk.Size, 5], Cut(Known, data, int.MaxValue));
        Assert.True(ZeroChunk.Starts(data));
        Assert.False(ZeroChunk.Starts(data.AsSpan(0, ZeroChunk.Size - 1)));
        data[ZeroChunk.Size - 1] = 1;
        Assert.False(ZeroChunk.Starts(data));
        Assert.Equal(ObjectId.Of(new byte[ZeroChunk.Size]), ZeroChunk.Id);
    }

    [Fact]
    public void An_empty_stream_has_no_chunk_and_a_reducible_polynomial_no_chunker()
    {
        var scanned = 0;
        Assert.Equal(0, new Chunker(Known).FindCut([], ref scanned, true));
        Assert.Throws<ArgumentException>(() => new Chunker(new ChunkerPolynomial(1UL << 53)));
    }

    private static List<int> Cut(ChunkerPolynomial polynomial, ReadOnlySpan<byte> data, int step)
    {
        var chunker = new Chunker(polynomial);
        var cuts = new List<int>();
        while (!data.IsEmpty)
        {
            int scanned = 0,
                length = 0;
            for (var have = (long)step; length == 0; have += step)
            {
                var part = data[..(int)Math.Min(have, data.Length)];
                length = chunker.FindCut(part, ref scanned, part.Length == data.Length);
            }
            cuts.Add(length);
            data = data[length..];
        }
        return cuts;
    }

    private static byte[] Data(string kind, Random random, int length)
    {
        var data = new byte[length];
        random.NextBytes(data);
        switch (kind)
        {
            case "two values":
                for (var i = 0; i < length; i++)
                    data[i] &= 1;
                break;
            case "zeros and noise":
                for (var i = 0; i < length; i += random.Next(1, 300_000))
                    data.AsSpan(i, Math.Min(random.Next(1, 200_000), length - i)).Clear();
                break;
            case "periodic":
                for (var i = 97; i < length; i++)
                    data[i] = data[i - 97];
                break;
            case "ones":
                data.AsSpan().Fill(1);
                break;
        }
        return data;
    }
}
