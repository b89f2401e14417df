using System.Security.Cryptography;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Tests.Crypto;

public sealed class BlobCipherTests
{
    private static byte[] Count(int first, int length) => [.. Enumerable.Range(first, length).Select(i => (byte)i)];

    private static MasterKey Key => MasterKey.FromParts(Count(0, 32), Count(0x20, 16), Count(0x30, 16));

    [Theory]
    [InlineData("", "859469c07743c7e45b318d151d3d87e9")]
    [InlineData("hello", "cb1bb353f860255c12bd4898af19d6fd7f7a8197f3")]
    public void Sealing_gives_the_bytes_restic_gives(string plain, string expected)
    {
        var data = System.Text.Encoding.UTF8.GetBytes(plain);
        var buffer = new byte[data.Length + BlobCipher.Overhead];
        Count(0x40, 16).CopyTo(buffer, 0);
        new BlobCipher(Key).SealUnderIv(data, buffer);
        Assert.Equal(expected, Convert.ToHexStringLower(buffer.AsSpan(16)));
    }

    [Fact]
    public void What_is_sealed_opens_again_apart_and_in_place()
    {
        var cipher = new BlobCipher(MasterKey.Generate());
        foreach (var length in (int[])[0, 1, 15, 16, 17, 255, 4096, 16383, 16384, 16385, 40_001, 1_048_583])
        {
            var plain = RandomNumberGenerator.GetBytes(length);
            var apart = new byte[length + BlobCipher.Overhead];
            cipher.Seal(plain, apart);
            var opened = new byte[length];
            Assert.True(cipher.TryOpen(apart, opened));
            Assert.Equal(plain, opened);

            var place = new byte[length + BlobCipher.Overhead];
            plain.CopyTo(place, 16);
            cipher.Seal(place.AsSpan(16, length), place);
            Assert.True(cipher.TryOpen(place, place.AsSpan(16, length)));
            Assert.Equal(plain, place.AsSpan(16, length).ToArray());
            Assert.NotEqual(apart[..16], place[..16]);
        }
    }

    [Fact]
    public void Any_flipped_bit_is_refused_and_leaves_the_destination_untouched()
    {
        var cipher = new BlobCipher(Key);
        var buffer = new byte[100 + BlobCipher.Overhead];
        cipher.Seal(new byte[100], buffer);
        var plain = new byte[100];
        plain.AsSpan().Fill(0x77);
        for (var bit = 0; bit < buffer.Length * 8; bit++)
        {
            buffer[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(cipher.TryOpen(buffer, plain));
            buffer[bit / 8] ^= (byte)(1 << bit % 8);
        }
        Assert.Equal(-1, plain.AsSpan().IndexOfAnyExcept((byte)0x77));
        Assert.True(cipher.TryOpen(buffer, plain));
    }

    [Fact]
    public void Input_shorter_than_the_overhead_is_refused()
    {
        for (var length = 0; length < BlobCipher.Overhead; length++)
            Assert.False(new BlobCipher(Key).TryOpen(new byte[length], []));
    }

    [Fact]
    public void Spans_that_do_not_fit_are_the_callers_error()
    {
        var cipher = new BlobCipher(Key);
        var buffer = new byte[200];
        Assert.Throws<ArgumentException>(() => cipher.Seal(new byte[10], new byte[41]));
        Assert.Throws<ArgumentException>(() => cipher.Seal(buffer.AsSpan(0, 64), buffer.AsSpan(8, 96)));
        Assert.Throws<ArgumentException>(() => cipher.TryOpen(buffer, new byte[200]));
    }

    [Fact]
    public void Many_threads_share_one_cipher()
    {
        var cipher = new BlobCipher(MasterKey.Generate());
        Parallel.For(
            0,
            64,
            i =>
            {
                var plain = Enumerable.Repeat((byte)i, 10_000 + i).ToArray();
                var buffer = new byte[plain.Length + BlobCipher.Overhead];
                cipher.Seal(plain, buffer);
                var opened = new byte[plain.Length];
                Assert.True(cipher.TryOpen(buffer, opened));
                Assert.Equal(plain, opened);
            }
        );
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing()
    {
        if (!System.Runtime.Intrinsics.X86.Aes.IsSupported)
            return; // The portable cipher goes through the platform's, which allocates a handle.
        var cipher = new BlobCipher(Key);
        var buffer = new byte[70_000 + BlobCipher.Overhead];
        var place = buffer.AsMemory(16, 70_000);
        cipher.Seal(place.Span, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 300; i++)
            cipher.Seal(place.Span, buffer);
        var opened = cipher.TryOpen(buffer, place.Span);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.True(opened);
    }

    [Fact]
    public void A_key_with_an_empty_part_is_refused()
    {
        var bytes = new byte[MasterKey.Size];
        MasterKey.Generate().CopyTo(bytes);
        Assert.Equal(bytes[48..], MasterKey.FromBytes(bytes).MacR.ToArray());
        foreach (var (start, length) in new[] { (0, 32), (32, 16), (48, 16) })
        {
            var damaged = bytes.ToArray();
            damaged.AsSpan(start, length).Clear();
            var error = Assert.Throws<RepositoryException>(() => MasterKey.FromBytes(damaged));
            Assert.Equal(RepositoryError.Damaged, error.Error);
        }
        Assert.Throws<RepositoryException>(() => MasterKey.FromBytes(bytes.AsSpan(1)));
    }
}
