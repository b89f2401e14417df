using System.Text;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Tests.Crypto;

public sealed class ScryptTests
{
    private static string Derive(string password, byte[] salt, int n, int r, int p, int size, bool pairs)
    {
        var key = new byte[size];
        Scrypt.DeriveKey(Encoding.UTF8.GetBytes(password), salt, n, r, p, key, pairs);
        return Convert.ToHexStringLower(key);
    }

    [Theory]
    [InlineData("", "", 16, 1, 1, "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442")]
    [InlineData("password", "NaCl", 1024, 8, 16, "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")]
    [InlineData(
        "pleaseletmein",
        "SodiumChloride",
        16384,
        8,
        1,
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    )]
    public void Keys_are_those_of_rfc_7914(string password, string salt, int n, int r, int p, string expected)
    {
        var bytes = Encoding.ASCII.GetBytes(salt);
        Assert.StartsWith(expected, Derive(password, bytes, n, r, p, 64, pairs: false));
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            Assert.StartsWith(expected, Derive(password, bytes, n, r, p, 64, pairs: true));
    }

    [Fact]
    public void The_key_of_a_password_beyond_ascii_is_the_one_restic_derives()
    {
        var salt = Enumerable.Range(0, 64).Select(i => (byte)i).ToArray();
        Assert.StartsWith("853eb43531a8ce6f7f582ce7a55d091d", Derive("päss", salt, 1024, 8, 1, 64, pairs: true));
    }

    [Theory]
    [InlineData(2, 1, 2)]
    [InlineData(4, 1, 3)]
    [InlineData(64, 3, 5)]
    [InlineData(128, 8, 7)]
    [InlineData(512, 16, 2)]
    public void Mixes_run_in_pairs_give_what_they_give_alone(int n, int r, int p)
    {
        if (System.Runtime.Intrinsics.X86.Avx2.IsSupported)
            Assert.Equal(Derive("x", [1, 2, 3], n, r, p, 77, false), Derive("x", [1, 2, 3], n, r, p, 77, true));
    }

    [Theory]
    [InlineData(0, 8, 1)]
    [InlineData(1, 8, 1)]
    [InlineData(-2, 8, 1)]
    [InlineData(1000, 8, 1)]
    [InlineData(1 << 23, 1, 1)]
    [InlineData(1 << 22, 8, 1)]
    [InlineData(1024, 0, 1)]
    [InlineData(1024, 65, 1)]
    [InlineData(1024, 8, 0)]
    [InlineData(1024, 8, int.MaxValue)]
    [InlineData(int.MinValue, 8, 1)]
    public void Parameters_out_of_range_are_refused(int n, int r, int p)
    {
        var error = Assert.Throws<RepositoryException>(() => Scrypt.DeriveKey("x"u8, "y"u8, n, r, p, new byte[64]));
        Assert.Equal(RepositoryError.Unsupported, error.Error);
        Assert.NotNull(error.Hint);
    }
}
