using System.Text;
using System.Text.Json.Nodes;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Tests.Snapshots;

public sealed class SnapshotDocumentTests
{
    private const string Tree = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";

    private const string Text = """
        {"time":"2026-01-01T10:00:00.123456789+02:00","parent":"PARENT","tree":"TREE","paths":["/ä<&>"],"hostname":"h","tags":["old"],
        "summary":{"files_new":18446744073709551615,"of_another":[1.50,null]},"of_another":{"a":[true,"\u2028"]}}
        """;

    [Fact]
    public async Task Only_the_tags_and_the_original_change_when_tags_are_rewritten()
    {
        var before = Text.Replace("PARENT", Tree, StringComparison.Ordinal)
            .Replace("TREE", Tree, StringComparison.Ordinal);
        await using var repository = await Repository.InitAsync(
            new MemoryStore(),
            "x"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            default
        );
        var id = await repository.SaveUnpackedAsync(ObjectKind.Snapshot, Encoding.UTF8.GetBytes(before), default);
        var document = await SnapshotDocument.LoadAsync(repository, id, default);
        var first = await document.SaveAsync(repository, document.Tree, ["neu", "ü"], keepParent: true, default);
        var again = await SnapshotDocument.LoadAsync(repository, first, default);
        var second = await again.SaveAsync(repository, again.Tree, [], keepParent: false, default);

        var expected = JsonNode.Parse(before)!.AsObject();
        expected["tags"] = new JsonArray("neu", "ü");
        expected["original"] = id.ToString();
        await Same(expected, first);
        expected.Remove("tags");
        expected.Remove("parent");
        await Same(expected, second);

        async Task Same(JsonNode wanted, ObjectId stored)
        {
            var text = await repository.LoadUnpackedAsync(new ObjectName(ObjectKind.Snapshot, stored), default);
            Assert.True(JsonNode.DeepEquals(wanted, JsonNode.Parse(text)), Encoding.UTF8.GetString(text));
            Assert.Contains("18446744073709551615", Encoding.UTF8.GetString(text), StringComparison.Ordinal);
            Assert.Equal("2026-01-01T10:00:00.123456789+02:00", SnapshotJson.Parse(text, stored).Time.ToString());
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"tree\":7}")]
    [InlineData("{\"tree\":\"short\"}")]
    [InlineData("{\"tree\":\"x\",\"tree\":\"y\"}")]
    public void What_is_no_snapshot_is_damaged(string text)
    {
        var name = new ObjectName(ObjectKind.Snapshot, ObjectId.Parse(Tree));
        var error = Assert.Throws<RepositoryException>(() =>
            SnapshotDocument.Parse(Encoding.UTF8.GetBytes(text), name)
        );
        Assert.Equal(RepositoryError.Damaged, error.Error);
        Assert.Throws<RepositoryException>(() => SnapshotJson.Parse(Encoding.UTF8.GetBytes(text), name.Id));
    }
}
