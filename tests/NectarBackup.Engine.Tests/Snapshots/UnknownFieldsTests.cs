using System.Text;
using System.Text.Json.Nodes;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Engine.Tests.Snapshots;

public sealed class UnknownFieldsTests
{
    private const string Tree = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";

    private const string Text = $$$"""
        {"time":"2026-01-01T10:00:00.123456789+02:00","parent":"{{{Tree}}}","tree":"{{{Tree}}}","paths":["/ä<&>"],"hostname":"h","tags":["old"],
        "of_another":{"a":[true,"\u2028",18446744073709551615,1.50]}}
        """;

    [Fact]
    public void Only_what_a_rewrite_changes_differs_afterwards()
    {
        var before = SnapshotJson.Parse(Encoding.UTF8.GetBytes(Text), ObjectId.Parse(Tree));
        var after = SnapshotJson.Serialize(before with { Tags = ["neu", "ü"], Original = before.Id });
        var expected = JsonNode.Parse(Text)!;
        expected["tags"] = new JsonArray("neu", "ü");
        expected["original"] = Tree;
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(after)), Encoding.UTF8.GetString(after));
        Assert.Contains("18446744073709551615,1.50", Encoding.UTF8.GetString(after), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"tree\":7}")]
    [InlineData("{\"time\":\"2026-01-01T10:00:00Z\",\"tree\":\"short\"}")]
    public void What_is_no_snapshot_is_damaged(string text)
    {
        var error = Assert.Throws<RepositoryException>(() => SnapshotJson.Parse(Encoding.UTF8.GetBytes(text), default));
        Assert.Equal(RepositoryError.Damaged, error.Error);
    }
}
