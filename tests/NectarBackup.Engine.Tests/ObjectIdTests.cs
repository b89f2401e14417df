using NectarBackup.Engine;

namespace NectarBackup.Engine.Tests;

public sealed class ObjectIdTests
{
    [Fact]
    public void Text_and_bytes_give_the_same_id()
    {
        var id = ObjectId.Of("abc"u8);
        Assert.Equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", id.ToString());
        Assert.Equal(id, ObjectId.Parse(id.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a")]
    [InlineData("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ağ")]
    public void Anything_but_64_lower_case_hex_digits_is_no_id(string text) =>
        Assert.False(ObjectId.TryParse(text, out _));

    [Fact]
    public void Every_byte_that_is_no_lower_case_digit_spoils_an_id_at_every_place()
    {
        for (var at = 0; at < ObjectId.HexLength; at++)
        for (var b = 0; b < 256; b++)
        {
            var hex = Enumerable.Repeat((byte)'0', ObjectId.HexLength).ToArray();
            hex[at] = (byte)b;
            var digit = "0123456789abcdef"u8.IndexOf((byte)b);
            Assert.Equal(digit >= 0, ObjectId.TryParse(hex, out var id));
            Assert.Equal(digit >= 0, ObjectId.TryParse(hex.Select(c => (char)c).ToArray().AsSpan(), out var same));
            Assert.Equal(id, same);
            if (digit <= 0)
                continue;
            var again = new byte[ObjectId.HexLength];
            id.WriteHex(again);
            Assert.Equal(hex, again);
        }
    }

    [Fact]
    public void An_id_is_written_only_where_it_fits() =>
        Assert.Throws<ArgumentException>(() => default(ObjectId).WriteHex(new byte[ObjectId.HexLength - 1]));
}
