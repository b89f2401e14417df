using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Tests.Packs;

public sealed class PackHeaderTests
{
    private static readonly PackBlob[] s_blobs =
    [
        new(ObjectId.Of("a"u8), BlobType.Data, 0, 1000, 5000),
        new(ObjectId.Of("b"u8), BlobType.Data, 1000, 500, 0),
        new(ObjectId.Of("c"u8), BlobType.Tree, 1500, 33, 1),
    ];

    private static readonly ObjectId s_pack = ObjectId.Of("pack"u8);

    [Fact]
    public void Entries_are_read_back_with_their_offsets()
    {
        var entries = PackHeader.Encode(s_blobs);
        Assert.Equal(41 + 37 + 41, entries.Length);
        Assert.Equal(s_blobs, PackHeader.Parse(entries, PackHeader.PackLength(s_blobs), s_pack));
    }

    [Fact]
    public void Every_truncation_and_every_other_pack_length_is_damage()
    {
        var entries = PackHeader.Encode(s_blobs);
        var length = PackHeader.PackLength(s_blobs);
        for (var cut = 0; cut < entries.Length; cut++)
            Assert.Throws<RepositoryException>(() => PackHeader.Parse(entries.AsSpan(0, cut), length, s_pack));
        foreach (var wrong in (long[])[0, length - 1, length + 1, long.MaxValue])
            Assert.Throws<RepositoryException>(() => PackHeader.Parse(entries, wrong, s_pack));
    }

    [Theory]
    [InlineData(0, 9)] // unknown type
    [InlineData(1, 0)] // another length
    [InlineData(4, 0xff)] // 4 GiB
    [InlineData(8, 0xff)] // content of 4 GiB
    public void A_forged_entry_is_damage(int at, byte value)
    {
        var entries = PackHeader.Encode(s_blobs);
        entries[at] = value;
        var error = Assert.Throws<RepositoryException>(() =>
            PackHeader.Parse(entries, PackHeader.PackLength(s_blobs), s_pack)
        );
        Assert.Contains(s_pack.ToString(), error.Message, StringComparison.Ordinal);
    }
}
