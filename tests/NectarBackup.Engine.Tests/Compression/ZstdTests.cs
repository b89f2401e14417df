using NectarBackup.Engine.Compression;

namespace NectarBackup.Engine.Tests.Compression;

public sealed class ZstdTests : IDisposable
{
    private readonly ZstdCompressor _compressor = new(2);
    private readonly ZstdDecompressor _decompressor = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    [InlineData(3_000_000)]
    public void Both_ways_out_give_the_bytes_that_went_in(int length)
    {
        var data = Text(length);
        var frame = Frame(data);
        var back = new byte[length];
        Assert.Equal(length, _decompressor.Decompress(frame, back));
        Assert.Equal(data, back);
        Assert.Equal(data, _decompressor.DecompressBounded(frame, length));
        Assert.Equal([.. data, .. data], _decompressor.DecompressBounded([.. frame, .. frame], 2 * length));
    }

    [Fact]
    public void What_does_not_shrink_below_the_destination_is_not_compressed()
    {
        var data = new byte[100_000];
        new Random(1).NextBytes(data);
        Assert.Equal(0, _compressor.Compress(data, new byte[data.Length - 32]));
        Assert.NotEqual(0, _compressor.Compress(Text(1000), new byte[1000]));
    }

    [Fact]
    public void Truncated_frames_and_more_than_the_bound_are_damage()
    {
        var frame = Frame(new byte[5_000_000]);
        Assert.True(frame.Length < 2000);
        AssertDamaged(() => _decompressor.DecompressBounded(frame, 4_999_999));
        AssertDamaged(() => _decompressor.Decompress(frame, new byte[4_999_999]));
        frame = Frame(Text(5000));
        for (var cut = 0; cut < frame.Length; cut++)
        {
            var part = frame[..cut];
            AssertDamaged(() => _decompressor.DecompressBounded(part, 5000));
        }
    }

    [Fact]
    public void A_flipped_bit_never_writes_past_the_destination()
    {
        var frame = Frame(Text(3000));
        var room = new byte[3000 + 64];
        for (var bit = 0; bit < 8 * frame.Length; bit++)
        {
            var flipped = (byte[])frame.Clone();
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            room.AsSpan(3000).Fill(0xA5);
            try
            {
                Assert.InRange(_decompressor.Decompress(flipped, room.AsSpan(0, 3000)), 0, 3000);
            }
            catch (RepositoryException) { }
            try
            {
                Assert.InRange(_decompressor.DecompressBounded(flipped, 3000).Length, 0, 3000);
            }
            catch (RepositoryException) { }
            Assert.False(room.AsSpan(3000).ContainsAnyExcept((byte)0xA5));
        }
    }

    public void Dispose()
    {
        _compressor.Dispose();
        _decompressor.Dispose();
    }

    private static void AssertDamaged(Action action) =>
        Assert.Equal(RepositoryError.Damaged, Assert.Throws<RepositoryException>(action).Error);

    private byte[] Frame(byte[] data)
    {
        var frame = new byte[Zstd.MaxCompressedLength(data.Length)];
        return frame[.._compressor.Compress(data, frame)];
    }

    private static byte[] Text(int length)
    {
        var random = new Random(length);
        var data = new byte[length];
        for (var i = 0; i < length; i++)
            data[i] = (byte)('a' + Math.Min(random.Next(26), random.Next(26)) / 3);
        return data;
    }
}
