using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Tests.Indexes;

public sealed class BlobIndexTests
{
    private static ObjectId Id(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        return ObjectId.Of(bytes);
    }

    private static PackBlob Blob(int number, BlobType type = BlobType.Data, uint offset = 0) =>
        new(Id(number), type, offset, 100, 68 + (uint)number);

    [Fact]
    public void Every_added_blob_is_found_after_the_table_has_grown_many_times()
    {
        var index = new BlobIndex();
        for (var i = 0; i < 100_000; i++)
            index.Add(Id(-1 - i / 100), Blob(i, i % 3 == 0 ? BlobType.Tree : BlobType.Data, (uint)(i % 100) * 100));
        for (var i = 0; i < 100_000; i++)
        {
            var type = i % 3 == 0 ? BlobType.Tree : BlobType.Data;
            Assert.True(index.TryFind(type, Id(i), out var place));
            Assert.Equal(Id(-1 - i / 100), place.Pack);
            Assert.Equal(Blob(i, type, (uint)(i % 100) * 100), place.Blob);
        }
        Assert.False(index.Contains(BlobType.Tree, Id(1)));
        Assert.False(index.Contains(BlobType.Data, Id(100_000)));
        Assert.Equal(100_000, index.Locations().Count());
    }

    [Fact]
    public void A_blob_is_claimed_once_and_has_a_place_when_its_pack_is_stored()
    {
        var index = new BlobIndex();
        Assert.True(index.TryClaim(BlobType.Data, Id(1)));
        Assert.False(index.TryClaim(BlobType.Data, Id(1)));
        Assert.True(index.Contains(BlobType.Data, Id(1)));
        Assert.False(index.TryFind(BlobType.Data, Id(1), out _));
        Assert.Empty(index.Locations());
        index.AddPack(Id(-1), [Blob(1)]);
        Assert.True(index.TryFind(BlobType.Data, Id(1), out _));
        Assert.Equal(1, index.Count);
    }

    [Fact]
    public void All_places_of_a_blob_are_kept_and_the_same_place_only_once()
    {
        var index = new BlobIndex();
        index.Add(Id(-1), Blob(1));
        index.Add(Id(-2), Blob(1));
        index.Add(Id(-1), Blob(1));
        Assert.Equal([Id(-1), Id(-2)], index.FindAll(BlobType.Data, Id(1)).Select(place => place.Pack));
    }

    [Fact]
    public void An_index_is_read_back_as_it_was_written()
    {
        PackBlob[] blobs = [Blob(1), Blob(2, BlobType.Tree, 100), new(Id(3), BlobType.Data, 200, 50, 0)];
        var json = new ArrayBufferWriter<byte>();
        IndexJson.Write(json, [(Id(-1), blobs), (Id(-2), [Blob(4)])]);
        var read = new List<(ObjectId, PackBlob[])>();
        IndexJson.Read(json.WrittenSpan, Id(0), (pack, of) => read.Add((pack, of.ToArray())));
        Assert.Equal([Id(-1), Id(-2)], read.Select(pack => pack.Item1));
        Assert.Equal(blobs, read[0].Item2);
    }

    [Fact]
    public void Fields_of_other_versions_are_passed_over()
    {
        var json = $$"""{"supersedes":["x"],"packs":[{"more":{"a":[1]},"id":"{{Id(1)}}","blobs":[]}],"new":1}""";
        var packs = 0;
        IndexJson.Read(Encoding.UTF8.GetBytes(json), Id(0), (_, _) => packs++);
        Assert.Equal(1, packs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"packs\":[{}]}")]
    [InlineData("{\"packs\":{}}")]
    [InlineData("{\"packs\":[{\"id\":\"abc\",\"blobs\":[]}]}")]
    [InlineData(
        "{\"packs\":[{\"id\":\"ID\",\"blobs\":[{\"id\":\"ID\",\"type\":\"data\",\"offset\":0,\"length\":5}]}]}"
    )]
    [InlineData(
        "{\"packs\":[{\"id\":\"ID\",\"blobs\":[{\"id\":\"ID\",\"type\":\"data\",\"offset\":-1,\"length\":50}]}]}"
    )]
    [InlineData(
        "{\"packs\":[{\"id\":\"ID\",\"blobs\":[{\"id\":\"ID\",\"type\":\"data\",\"offset\":0,\"length\":5000000000}]}]}"
    )]
    [InlineData(
        "{\"packs\":[{\"id\":\"ID\",\"blobs\":[{\"id\":\"ID\",\"type\":\"pear\",\"offset\":0,\"length\":50}]}]}"
    )]
    [InlineData(
        "{\"packs\":[{\"id\":\"ID\",\"blobs\":[{\"id\":\"ID\",\"type\":\"data\",\"offset\":0,\"length\":50,\"uncompressed_length\":4000000000}]}]}"
    )]
    public void What_is_no_index_is_damage_that_names_the_file(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json.Replace("ID", Id(1).ToString(), StringComparison.Ordinal));
        var error = Assert.Throws<RepositoryException>(() => IndexJson.Read(bytes, Id(7), (_, _) => { }));
        Assert.Equal(RepositoryError.Damaged, error.Error);
        Assert.Contains(Id(7).ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_nested_arrays_are_refused_quickly()
    {
        var json = Encoding.UTF8.GetBytes("{\"packs\":" + new string('[', 1_000_000));
        Assert.Throws<RepositoryException>(() => IndexJson.Read(json, Id(7), (_, _) => { }));
    }
}
