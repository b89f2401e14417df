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
}
