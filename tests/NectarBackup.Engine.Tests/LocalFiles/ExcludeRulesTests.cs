using System.Text;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Tests.LocalFiles;

public sealed class ExcludeRulesTests
{
    private static readonly string[] s_tree =
    [
        "a",
        "a/foo",
        "a/foo/bar",
        "a/foo/bar/f.txt",
        "a/foo/g.c",
        "b",
        "b/Foo",
        "b/Foo/h.TXT",
        "c",
        "c/.cache",
        "c/.cache/k",
        "d",
        "d/w[1].txt",
        "d/x",
        "d/x/keep.o",
        "d/x/y",
        "d/x/y/foo",
        "d/x/y/z",
        "d/x/y/z/deep.o",
        "top.txt",
    ];

    // What restic 0.14 left out of a backup of /tmp/lt/src with each pattern (topmost entries only), recorded from real runs.
    [Theory]
    [InlineData("foo", "a/foo d/x/y/foo")]
    [InlineData("*.txt", "a/foo/bar/f.txt d/w[1].txt top.txt")]
    [InlineData("/tmp/lt/src/a", "a")]
    [InlineData("x/y", "d/x/y")]
    [InlineData("x/**/foo", "d/x/y/foo")]
    [InlineData("foo/**", "a/foo d/x/y/foo")]
    [InlineData("**/z", "d/x/y/z")]
    [InlineData("d/*/y", "d/x/y")]
    [InlineData("fo?", "a/foo d/x/y/foo")]
    [InlineData("[a-c]", "a b c")]
    [InlineData("[^a-c]", "c/.cache/k d")]
    [InlineData("a/", "a")]
    [InlineData("./a/foo", "a/foo")]
    [InlineData("src/*/foo", "a/foo")]
    [InlineData("/tmp/**/foo", "a/foo d/x/y/foo")]
    [InlineData("bar/../g.c", "a/foo/g.c")]
    [InlineData(@"w\[1\].txt", "d/w[1].txt")]
    [InlineData("y/**/deep.o", "d/x/y/z/deep.o")]
    [InlineData("/src/a", "")]
    [InlineData("*.txt !top.txt", "a/foo/bar/f.txt d/w[1].txt")]
    public void a_pattern_leaves_out_what_restic_leaves_out(string patterns, string expected)
    {
        var rules = new ExcludeRules();
        foreach (var pattern in patterns.Split(' '))
            rules.AddPattern(Encoding.UTF8.GetBytes(pattern));
        Assert.Equal(expected, Topmost(rules));
    }

    [Fact]
    public void patterns_that_ignore_case_match_as_in_restic()
    {
        var rules = new ExcludeRules();
        rules.AddPatternIgnoringCase("FOO"u8);
        rules.AddPatternIgnoringCase("*.txt"u8);
        Assert.Equal("a/foo b/Foo d/w[1].txt d/x/y/foo top.txt", Topmost(rules));
    }

    private static string Topmost(ExcludeRules rules)
    {
        var excluded = new List<string>();
        foreach (var path in s_tree)
            if (!excluded.Any(above => path.StartsWith(above + "/", StringComparison.Ordinal)))
                if (rules.IsExcluded(Encoding.UTF8.GetBytes("/tmp/lt/src/" + path)))
                    excluded.Add(path);
        return string.Join(' ', excluded);
    }

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData("a[")]
    [InlineData("[]a]")]
    [InlineData("[-a]")]
    [InlineData("a\\")]
    public void a_malformed_pattern_is_refused(string pattern) =>
        Assert.Throws<FormatException>(() => new ExcludeRules().AddPattern(Encoding.UTF8.GetBytes(pattern)));

    [Fact]
    public void a_pattern_may_be_no_utf8()
    {
        var rules = new ExcludeRules();
        rules.AddPattern([0xff, (byte)'?']);
        Assert.True(rules.IsExcluded([(byte)'/', 0xff, 0xfe]));
        Assert.False(rules.IsExcluded([(byte)'/', 0xfe, 0xfe]));
    }

    [Fact]
    public void caches_are_known_by_name_and_signature()
    {
        using var place = new TemporaryPlace();
        var tag = Path.Combine(place.Path, "CACHEDIR.TAG");
        var rules = new ExcludeRules();
        rules.AddCaches();
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path));
        Assert.Null(rules.FindMarker(directory));
        File.WriteAllText(tag, "Signature: something else, but as long as the right one is......");
        Assert.Null(rules.FindMarker(directory));
        File.WriteAllText(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# more");
        Assert.Equal("CACHEDIR.TAG"u8.ToArray(), rules.FindMarker(directory)!.Value.ToArray());
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("7b", 7)]
    [InlineData("2k", 2048)]
    [InlineData("3G", 3L << 30)]
    [InlineData("1t", 1L << 40)]
    public void sizes_have_suffixes(string text, long expected) => Assert.Equal(expected, ExcludeRules.ParseSize(text));

    [Theory]
    [InlineData("")]
    [InlineData("k")]
    [InlineData("-1")]
    [InlineData("9999999999t")]
    public void what_is_no_size_is_refused(string text) =>
        Assert.Throws<FormatException>(() => ExcludeRules.ParseSize(text));

    [Fact]
    public void pattern_files_have_comments_and_variables()
    {
        var lines = PatternFile.Read(
            "# no\n\n  $HOME/x \r\n${A}b$$ $\n"u8.ToArray(),
            name => name == "HOME" ? "/h" : null
        );
        Assert.Equal(["/h/x", "b$ $"], lines.Select(line => Encoding.UTF8.GetString(line)));
    }

    [Fact]
    public void raw_lists_are_refused_if_cut_off()
    {
        Assert.Equal(
            [
                [1, 10],
                [0xff],
            ],
            PathLists.ReadRaw(new byte[] { 1, 10, 0, 0xff, 0 })
        );
        Assert.Throws<FormatException>(() => PathLists.ReadRaw("a\0b"u8.ToArray()));
        Assert.Throws<FormatException>(() => PathLists.ReadRaw("a\0\0"u8.ToArray()).ToList());
    }
}
