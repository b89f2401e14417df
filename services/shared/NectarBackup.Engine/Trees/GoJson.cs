using System.Buffers;
using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// JSON strings as Go's <c>encoding/json</c> writes them: ids of trees depend on each byte. On top of what JSON asks for, it escapes
/// '&lt;', '&gt;', '&amp;', U+2028 and U+2029, and replaces each byte that is not UTF-8 by the six characters <c>\ufffd</c>.
/// </summary>
public static class GoJson
{
    /// <summary>Bytes of text that one byte, or one UTF-16 unit, can become: <c>\u00XX</c>.</summary>
    public const int MaxExpansion = 6;

    private static readonly SearchValues<byte> Plain = SearchValues.Create(
        " !#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7f"u8
    );

    private static ReadOnlySpan<byte> Hex => "0123456789abcdef"u8;

    /// <summary>Whether the escaped form is the text itself, told without decoding: true only for ASCII.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> text) => !text.ContainsAnyExcept(Plain);

    /// <summary>Writes what stands between the quotes; <paramref name="to"/> holds <see cref="MaxExpansion"/> times as many bytes.</summary>
    /// <returns>The bytes written.</returns>
    public static int Escape(ReadOnlySpan<byte> text, Span<byte> to)
    {
        var at = 0;
        while (!text.IsEmpty)
        {
            var plain = text.IndexOfAnyExcept(Plain);
            if (plain != 0)
            {
                plain = plain < 0 ? text.Length : plain;
                text[..plain].CopyTo(to[at..]);
                at += plain;
                text = text[plain..];
                continue;
            }

            var length = 1;
            if (text[0] < 0x80)
                at += EscapeAscii(text[0], to[at..]);
            else if (Rune.DecodeFromUtf8(text, out var rune, out length) != OperationStatus.Done)
            {
                length = 1;
                at += Unicode(0xfffd, to[at..]);
            }
            else if (rune.Value is 0x2028 or 0x2029)
                at += Unicode(rune.Value, to[at..]);
            else
            {
                text[..length].CopyTo(to[at..]);
                at += length;
            }
            text = text[length..];
        }
        return at;
    }

    /// <summary>As for bytes, from UTF-16.</summary>
    public static int Escape(ReadOnlySpan<char> text, Span<byte> to)
    {
        if (Ascii.FromUtf16(text, to, out var written) == OperationStatus.Done && IsPlain(to[..written]))
            return written;
        var size = Encoding.UTF8.GetMaxByteCount(text.Length);
        var utf8 = size <= 1024 ? stackalloc byte[1024] : new byte[size];
        return Escape(utf8[..Encoding.UTF8.GetBytes(text, utf8)], to);
    }

    private static int EscapeAscii(byte c, Span<byte> to)
    {
        var letter = c switch
        {
            (byte)'"' or (byte)'\\' => c,
            8 => (byte)'b',
            9 => (byte)'t',
            10 => (byte)'n',
            12 => (byte)'f',
            13 => (byte)'r',
            _ => (byte)0,
        };
        if (letter == 0)
            return Unicode(c, to);
        to[0] = (byte)'\\';
        to[1] = letter;
        return 2;
    }

    private static int Unicode(int value, Span<byte> to)
    {
        to[0] = (byte)'\\';
        to[1] = (byte)'u';
        for (var i = 0; i < 4; i++)
            to[2 + i] = Hex[(value >> (4 * (3 - i))) & 15];
        return 6;
    }
}
