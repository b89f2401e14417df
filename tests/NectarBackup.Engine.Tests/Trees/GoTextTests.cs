using System.Text;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Trees;

/// <summary>Texts as Go's own functions give them.</summary>
public sealed class GoTextTests
{
    [Theory]
    [InlineData("61", "a")]
    [InlineData("07080B0C0D0A09", @"\a\b\v\f\r\n\t")]
    [InlineData("0122275C7F", @"\x01\""'\\\x7f")]
    [InlineData("FF", @"\xff")]
    [InlineData("C3A9", "é")]
    [InlineData("C3", @"\xc3")]
    [InlineData("C2A0C2AD", @"\u00a0\u00ad")]
    [InlineData("E280A8EFBBBF", @"\u2028\ufeff")]
    [InlineData("EFBFBD", "\uFFFD")]
    [InlineData("F09F8DAF", "\U0001F36F")]
    [InlineData("F3A08081", @"\U000e0001")]
    [InlineData("EDA080", @"\xed\xa0\x80")]
    [InlineData("C080F8888080", @"\xc0\x80\xf8\x88\x80\x80")]
    [InlineData("F09F8D", @"\xf0\x9f\x8d")]
    public void Names_are_quoted_as_by_strconv(string raw, string quoted)
    {
        var bytes = Convert.FromHexString(raw);
        var to = new byte[bytes.Length * GoQuote.MaxExpansion];
        Assert.Equal(quoted, Encoding.UTF8.GetString(to, 0, GoQuote.Quote(bytes, to)));
        Assert.True(GoQuote.TryUnquote(Encoding.UTF8.GetBytes(quoted), to, out var length));
        Assert.Equal(raw, Convert.ToHexString(to, 0, length));
    }

    [Theory]
    [InlineData("\"")]
    [InlineData("\n")]
    [InlineData("\\")]
    [InlineData("\\q")]
    [InlineData("\\'")]
    [InlineData("\\x4")]
    [InlineData("\\xg0")]
    [InlineData("\\400")]
    [InlineData("\\08")]
    [InlineData("\\ud800")]
    [InlineData("\\U00110000")]
    public void What_strconv_refuses_is_no_name(string quoted) =>
        Assert.False(GoQuote.TryUnquote(Encoding.UTF8.GetBytes(quoted), new byte[quoted.Length], out _));

    [Fact]
    public void Octal_escapes_are_read()
    {
        var to = new byte[8];
        Assert.True(GoQuote.TryUnquote("\\377\\101"u8, to, out var length));
        Assert.Equal([0xff, 0x41], to[..length]);
    }

    [Theory]
    [InlineData("<&>", @"\u003c\u0026\u003e")]
    [InlineData("\b\f\n\r\t\u0001\u007f", "\\b\\f\\n\\r\\t\\u0001\u007f")]
    [InlineData("\"\\/'", "\\\"\\\\/'")]
    [InlineData("\u2028\u2029\u00a0é", "\\u2028\\u2029\u00a0é")]
    public void Json_is_escaped_as_by_go(string text, string escaped)
    {
        var to = new byte[text.Length * GoJson.MaxExpansion];
        Assert.Equal(escaped, Encoding.UTF8.GetString(to, 0, GoJson.Escape(text, to)));
        Assert.Equal(escaped, Encoding.UTF8.GetString(to, 0, GoJson.Escape(Encoding.UTF8.GetBytes(text), to)));
    }

    [Fact]
    public void Bytes_that_are_no_text_become_replacement_characters_in_json()
    {
        var to = new byte[32];
        Assert.Equal(@"a\ufffd\ufffdb", Encoding.UTF8.GetString(to, 0, GoJson.Escape([0x61, 0xc3, 0xff, 0x62], to)));
    }

    [Theory]
    [InlineData(0, 0, 0, "1970-01-01T00:00:00Z")]
    [InlineData(-1, 999_999_999, 0, "1969-12-31T23:59:59.999999999Z")]
    [InlineData(951_782_400, 1, 0, "2000-02-29T00:00:00.000000001Z")]
    [InlineData(4_107_542_400, 100_000_000, 0, "2100-03-01T00:00:00.1Z")]
    [InlineData(0, 0, 345, "1970-01-01T05:45:00+05:45")]
    [InlineData(0, 500, -570, "1969-12-31T14:30:00.0000005-09:30")]
    [InlineData(-62_167_219_200, 0, 0, "0000-01-01T00:00:00Z")]
    [InlineData(253_402_300_799, 0, 0, "9999-12-31T23:59:59Z")]
    public void Times_are_written_as_by_go(long seconds, int nanoseconds, int offset, string text)
    {
        var to = new byte[Rfc3339.MaxLength];
        Assert.Equal(text, Encoding.ASCII.GetString(to, 0, Rfc3339.Format(seconds, nanoseconds, to, offset)));
        Assert.True(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out var s, out var n, out var o));
        Assert.Equal((seconds, nanoseconds, offset), (s, n, o));
    }

    [Theory]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-00-01T00:00:00Z")]
    [InlineData("2026-01-00T00:00:00Z")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:60:00Z")]
    [InlineData("2026-01-01T00:00:60Z")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00")]
    [InlineData("2026-01-01T00:00:00+2:00")]
    [InlineData("2026-01-01T00:00:00+24:00")]
    [InlineData("2026-01-01t00:00:00Z")]
    [InlineData("12026-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00Zx")]
    public void What_is_no_time_is_refused(string text) =>
        Assert.False(Rfc3339.TryParse(Encoding.ASCII.GetBytes(text), out _, out _, out _));
}
