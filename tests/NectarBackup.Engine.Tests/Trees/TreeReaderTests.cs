using System.Text;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Trees;

public sealed class TreeReaderTests
{
    private const string Id = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";

    [Theory]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("/", false)]
    [InlineData("a\0", false)]
    [InlineData("...", true)]
    [InlineData(".a", true)]
    [InlineData(" ", true)]
    [InlineData("a\\b", true)]
    [InlineData("\n", true)]
    public void A_name_is_safe_if_it_is_one_component(string name, bool safe) =>
        Assert.Equal(safe, TreeReader.IsSafeName(Encoding.UTF8.GetBytes(name)));

    [Theory]
    [InlineData("""{"name":"..","type":"fifo"}""", "component")]
    [InlineData("""{"name":"a/b","type":"fifo"}""", "component")]
    [InlineData("""{"type":"fifo"}""", "component")]
    [InlineData("""{"name":"a\\x00b","type":"fifo"}""", "component")]
    [InlineData("""{"name":"\\x2e\\x2e","type":"fifo"}""", "component")]
    [InlineData("""{"name":"b","type":"fifo"},{"name":"a","type":"fifo"}""", "order")]
    [InlineData("""{"name":"a","type":"fifo"},{"name":"a","type":"fifo"}""", "order")]
    [InlineData("""{"name":"a","type":"file"}""", "content")]
    [InlineData("""{"name":"a","type":"file","content":null}""", "content")]
    [InlineData("""{"name":"a","type":"dir"}""", "tree")]
    [InlineData("""{"name":"a","type":"dir","subtree":null}""", "tree")]
    public void Strict_reading_refuses_what_plain_reading_gives_out(string nodes, string why)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"nodes":[{{nodes}}]}""");
        Assert.NotEmpty(Names(json, strict: false));
        var error = Assert.Throws<RepositoryException>(() => Names(json, strict: true));
        Assert.Equal(RepositoryError.Damaged, error.Error);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_is_that_of_raw_bytes()
    {
        // Quoted, '\x80' would stand before 'a'.
        var json = Encoding.UTF8.GetBytes("""{"nodes":[{"name":"a","type":"fifo"},{"name":"\\x80","type":"fifo"}]}""");
        Assert.Equal(["61", "80"], Names(json, strict: true));
    }

    [Fact]
    public void Order_of_fields_white_space_and_unknown_fields_do_not_matter()
    {
        var json = Encoding.UTF8.GetBytes(
            $$"""
            { "x\"y" : [ {"a":1.5e3} ] , "nodes" : [ { "content" : [ "{{Id}}" , "{{Id}}" ] , "other\"" : {"name":"no"} , "size" : 7 ,
              "name" : "n" , "mtime" : "2026-01-01T00:00:00.5+02:00" , "type" : "file" , "links" : null } ] , "more" : true }
            """
        );
        var reader = new TreeReader(json, "tree", strict: true);
        var node = new Node();
        Assert.True(reader.Read(node));
        Assert.Equal("n"u8, node.Name.Span);
        Assert.Equal((NodeType.File, 7ul, 0ul), (node.Type, node.Size, node.Links));
        Assert.Equal(new NodeTime(1_767_218_400, 500_000_000), node.ModifyTime);
        Assert.Equal([ObjectId.Parse(Id), ObjectId.Parse(Id)], node.Content.WrittenSpan.ToArray());
        Assert.False(reader.Read(node));
    }

    [Fact]
    public void Base64_with_escapes_of_other_programs_is_read()
    {
        var json = Encoding.UTF8.GetBytes(
            """{"nodes":[{"name":"n","type":"fifo","extended_attributes":[{"name":"u","value":"\u002B\/8="}]}]}"""
        );
        var reader = new TreeReader(json, "tree");
        var node = new Node();
        Assert.True(reader.Read(node));
        Assert.Equal([0xfb, 0xff], node.ExtendedAttributes[0].Value.ToArray());
    }

    [Theory]
    [InlineData("18446744073709551615", true)]
    [InlineData("18446744073709551616", false)]
    [InlineData("99999999999999999999", false)]
    [InlineData("184467440737095516150", false)]
    [InlineData("01", false)]
    [InlineData("-1", false)]
    [InlineData("1.0", false)]
    [InlineData("1e3", false)]
    [InlineData("", false)]
    public void A_number_is_whole_and_fits_64_bits(string number, bool sound)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"nodes":[{"name":"n","inode":{{number}}}]}""");
        if (sound)
            Assert.Single(Names(json, strict: false));
        else
            Assert.Throws<RepositoryException>(() => Names(json, strict: false));
    }

    [Theory]
    [InlineData("\\u00e9", "\u00e9")]
    [InlineData("\\ud83c\\udf6f", "\U0001F36F")]
    [InlineData("\\ud83c", "\uFFFD")]
    [InlineData("\\ud83c\\u0041", "\uFFFDA")]
    [InlineData("\\b\\f\\n\\r\\t\\/\\\"", "\b\f\n\r\t/\"")]
    [InlineData("\\ud83c\\u00", null)]
    [InlineData("\\u12g4", null)]
    [InlineData("\\x41", null)]
    [InlineData("\\u+123", null)]
    public void Escapes_of_json_are_resolved_as_go_does(string escaped, string? text)
    {
        var json = Encoding.UTF8.GetBytes($$"""{"nodes":[{"name":"n","user":"{{escaped}}"}]}""");
        var node = new Node();
        if (text is null)
            Assert.Throws<RepositoryException>(() => new TreeReader(json, "tree").Read(node));
        else
            Assert.True(new TreeReader(json, "tree").Read(node));
        Assert.Equal(text ?? "", node.User);
    }

    private static List<string> Names(byte[] json, bool strict)
    {
        var reader = new TreeReader(json, "tree", strict);
        var node = new Node();
        var names = new List<string>();
        while (reader.Read(node))
            names.Add(Convert.ToHexString(node.Name.Span));
        return names;
    }
}
