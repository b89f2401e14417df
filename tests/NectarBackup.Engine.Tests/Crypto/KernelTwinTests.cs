using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics.X86;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Tests.Crypto;

/// <summary>Each fast path against its portable twin, and the twin against an independent reckoning.</summary>
public sealed class KernelTwinTests
{
    private static IEnumerable<int> Lengths =>
        Enumerable.Range(0, 301).Concat([511, 512, 513, 1023, 1025, 4095, 4096, 4097, 16_385, 40_007, 1_048_583]);

    private static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public void Aes_known_answer_of_nist()
    {
        // NIST SP 800-38A, F.5.5 (CTR-AES256.Encrypt), first two blocks.
        var key = Convert.FromHexString("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        var iv = Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        var plain = Convert.FromHexString("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        var result = new byte[32];
        new AesCounter(key).Transform(iv, plain, result);
        Assert.Equal(
            "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5",
            Convert.ToHexStringLower(result)
        );
    }

    [Fact]
    public void Counter_mode_is_the_same_by_both_paths()
    {
        var counter = new AesCounter(Bytes(1, 32));
        var source = Bytes(2, 1_048_583 + 64);
        foreach (var length in Lengths)
        {
            var offset = length % 33;
            var (high, low) = (0x0123456789abcdefUL, (ulong)length << 20);
            var fast = new byte[length];
            var portable = new byte[length];
            counter.Transform(high, low, 0, source.AsSpan(offset, length), fast);
            counter.TransformPortable(high, low, source.AsSpan(offset, length), portable);
            Assert.Equal(portable, fast);
            var place = source.AsSpan(offset, length).ToArray();
            counter.Transform(high, low, 0, place, place);
            Assert.Equal(portable, place);
        }
    }

    [Theory]
    [InlineData(0x1UL, 0xffff_fffcUL)]
    [InlineData(0x1UL, 0xffff_ffff_ffff_fff3UL)]
    [InlineData(0x1UL, 0xffff_ffff_ffff_ffffUL)]
    [InlineData(0x1UL, 0UL)]
    [InlineData(0xffff_ffff_ffff_ffffUL, 0xffff_ffff_ffff_fff9UL)]
    public void The_counter_carries_over_all_its_bits(ulong high, ulong low)
    {
        var counter = new AesCounter(Bytes(3, 32));
        var source = Bytes(4, 999);
        var fast = new byte[source.Length];
        var portable = new byte[source.Length];
        counter.Transform(high, low, 0, source, fast);
        counter.TransformPortable(high, low, source, portable);
        Assert.Equal(portable, fast);
        // One block at a time, each from its own number.
        var single = new byte[source.Length];
        for (var i = 0; i < source.Length; i += 16)
        {
            var iv = new byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(iv, new UInt128(high, low) + (UInt128)(i / 16));
            var end = Math.Min(i + 16, source.Length);
            counter.Transform(iv, source.AsSpan(i, end - i), single.AsSpan(i));
            counter.Transform(high, low, (ulong)(i / 16), source.AsSpan(i, end - i), fast.AsSpan(i));
        }
        Assert.Equal(portable, single);
        Assert.Equal(portable, fast);
    }

    [Fact]
    public void Poly1305_known_answer_of_rfc_8439()
    {
        var key = Convert.FromHexString("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
        var tag = new byte[16];
        new Poly1305(key.AsSpan(0, 16)).Tag("Cryptographic Forum Research Group"u8, key.AsSpan(16), tag);
        Assert.Equal("a8061dc1305136c6c22b8baf0c0127a9", Convert.ToHexStringLower(tag));
    }

    [Fact]
    public void Poly1305_agrees_with_big_integers_by_every_path()
    {
        var data = Bytes(5, 1_048_583 + 64);
        for (var round = 0; round < 3; round++)
        {
            // All bits set stresses the carries most, in the multiplier and in the message.
            var r = round == 0 ? Bytes(6, 16) : Enumerable.Repeat((byte)0xff, 16).ToArray();
            if (round == 2)
                data.AsSpan().Fill(0xff);
            var s = Bytes(7, 16);
            var mac = new Poly1305(r);
            foreach (var length in Lengths)
            {
                var message = data.AsSpan(length % 31, length);
                var expected = length <= 4097 ? Reference(r, s, message) : ByPortable(mac, s, message);
                Assert.Equal(expected, ByPortable(mac, s, message));
                var tag = new byte[16];
                mac.Tag(message, s, tag);
                Assert.Equal(expected, tag);
                if (Avx512F.IsSupported)
                {
                    var sum = default(Poly1305Sum);
                    var done = mac.AddAvx512(ref sum, message);
                    mac.AddPortable(ref sum, message[done..]);
                    Poly1305.Finish(sum, s, tag);
                    Assert.Equal(expected, tag);
                }
                if (Avx2.IsSupported)
                {
                    var sum = default(Poly1305Sum);
                    var done = mac.AddAvx2(ref sum, message);
                    mac.AddPortable(ref sum, message[done..]);
                    Poly1305.Finish(sum, s, tag);
                    Assert.Equal(expected, tag);
                }
            }
        }
    }

    [Fact]
    public void Poly1305_in_pieces_is_poly1305_of_the_whole()
    {
        var data = Bytes(8, 20_003);
        var s = Bytes(9, 16);
        var mac = new Poly1305(Bytes(10, 16));
        var expected = ByPortable(mac, s, data);
        foreach (var piece in (int[])[16, 48, 128, 512, 1040, 4096, 16_384])
        {
            var sum = default(Poly1305Sum);
            for (var i = 0; i < data.Length; i += piece)
                mac.Add(ref sum, data.AsSpan(i, Math.Min(piece, data.Length - i)));
            var tag = new byte[16];
            Poly1305.Finish(sum, s, tag);
            Assert.Equal(expected, tag);
        }
    }

    [Theory]
    [InlineData("01", "fbffffffffffffffffffffffffffffff")]
    [InlineData("01", "faffffffffffffffffffffffffffffff")]
    [InlineData("01", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("02", "ffffffffffffffffffffffffffffffff")]
    [InlineData("04", "ffffffffffffffffffffffffffffffff00ffffffffffffffffffffffffffffff")]
    public void Poly1305_reduces_at_the_edge_of_its_prime(string r, string message)
    {
        var key = new byte[16];
        Convert.FromHexString(r).CopyTo(key, 0);
        var data = Convert.FromHexString(message);
        Assert.Equal(Reference(key, new byte[16], data), ByPortable(new Poly1305(key), new byte[16], data));
    }

    private static byte[] ByPortable(Poly1305 mac, byte[] s, ReadOnlySpan<byte> message)
    {
        var sum = default(Poly1305Sum);
        mac.AddPortable(ref sum, message);
        var tag = new byte[16];
        Poly1305.Finish(sum, s, tag);
        return tag;
    }

    private static byte[] Reference(byte[] r, byte[] s, ReadOnlySpan<byte> message)
    {
        var prime = BigInteger.Pow(2, 130) - 5;
        var mask = BigInteger.Parse("00ffffffc0ffffffc0ffffffc0fffffff", System.Globalization.NumberStyles.HexNumber);
        var factor = new BigInteger(r, isUnsigned: true) & mask;
        var sum = BigInteger.Zero;
        for (var i = 0; i < message.Length; i += 16)
        {
            var block = message.Slice(i, Math.Min(16, message.Length - i)).ToArray();
            sum = (sum + new BigInteger([.. block, 1], isUnsigned: true)) * factor % prime;
        }
        sum += new BigInteger(s, isUnsigned: true);
        var bytes = sum.ToByteArray(isUnsigned: true);
        Array.Resize(ref bytes, 16);
        return bytes;
    }
}
