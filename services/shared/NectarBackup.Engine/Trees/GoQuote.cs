using System.Buffers;
using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// How trees write names: the text between the quotes of Go's <c>strconv.Quote</c>, which keeps any bytes in valid UTF-8
/// (restic <c>data/node.go:MarshalJSON</c>). The result is then a JSON string: see <see cref="GoJson"/>.
/// </summary>
public static class GoQuote
{
    /// <summary>Bytes of quoted text that one byte can become: <c>\xHH</c>.</summary>
    public const int MaxExpansion = 4;

    private static readonly SearchValues<byte> Unquoted = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8
    );

    private static ReadOnlySpan<byte> Hex => "0123456789abcdef"u8;

    /// <summary>Whether the quoted form is the text itself, told without decoding: true only for printable ASCII.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> raw) => !raw.ContainsAnyExcept(Unquoted);

    /// <summary>Writes the quoted form of any bytes; <paramref name="to"/> holds <see cref="MaxExpansion"/> times as many.</summary>
    /// <returns>The bytes written.</returns>
    public static int Quote(ReadOnlySpan<byte> raw, Span<byte> to)
    {
        var at = 0;
        while (!raw.IsEmpty)
        {
            var plain = raw.IndexOfAnyExcept(Unquoted);
            if (plain != 0)
            {
                plain = plain < 0 ? raw.Length : plain;
                raw[..plain].CopyTo(to[at..]);
                at += plain;
                raw = raw[plain..];
                continue;
            }

            var status = Rune.DecodeFromUtf8(raw, out var rune, out var length);
            if (status != OperationStatus.Done)
            {
                // One byte at a time, so that a broken sequence comes back exactly as it was.
                at += Escape(to[at..], 'x', raw[0], 2);
                raw = raw[1..];
                continue;
            }

            if (rune.IsAscii)
                at += QuoteAscii(raw[0], to[at..]);
            else if (GoUnicode.IsPrint(rune.Value))
            {
                raw[..length].CopyTo(to[at..]);
                at += length;
            }
            else
                at += rune.IsBmp ? Escape(to[at..], 'u', rune.Value, 4) : Escape(to[at..], 'U', rune.Value, 8);
            raw = raw[length..];
        }
        return at;
    }

    private static int QuoteAscii(byte c, Span<byte> to)
    {
        var letter = c switch
        {
            (byte)'"' or (byte)'\\' => c,
            7 => (byte)'a',
            8 => (byte)'b',
            9 => (byte)'t',
            10 => (byte)'n',
            11 => (byte)'v',
            12 => (byte)'f',
            13 => (byte)'r',
            _ => (byte)0,
        };
        if (letter == 0)
            return Escape(to, 'x', c, 2);
        to[0] = (byte)'\\';
        to[1] = letter;
        return 2;
    }

    private static int Escape(Span<byte> to, char kind, int value, int digits)
    {
        to[0] = (byte)'\\';
        to[1] = (byte)kind;
        for (var i = 0; i < digits; i++)
            to[2 + i] = Hex[(value >> (4 * (digits - 1 - i))) & 15];
        return 2 + digits;
    }

    /// <summary>
    /// Reads quoted text back, also the octal escapes that Go only reads. The output is never longer than the input, and may overwrite it.
    /// </summary>
    /// <returns>False if the text is not what <see cref="Quote"/> or a Go program can have written.</returns>
    public static bool TryUnquote(ReadOnlySpan<byte> quoted, Span<byte> to, out int written)
    {
        written = 0;
        for (var i = 0; i < quoted.Length; )
        {
            var c = quoted[i++];
            if (c is (byte)'"' or (byte)'\n')
                return false;
            if (c != '\\')
            {
                to[written++] = c;
                continue;
            }

            if (i == quoted.Length)
                return false;
            c = quoted[i++];
            var digits = c switch
            {
                (byte)'x' => 2,
                (byte)'u' => 4,
                (byte)'U' => 8,
                _ => 0,
            };
            if (digits != 0)
            {
                if (!TryDigits(quoted, i, digits, 4, out var value))
                    return false;
                i += digits;
                if (c == 'x')
                    to[written++] = (byte)value;
                else if (Rune.IsValid(value))
                    written += new Rune(value).EncodeToUtf8(to[written..]);
                else
                    return false;
            }
            else if (c is >= (byte)'0' and <= (byte)'7')
            {
                if (!TryDigits(quoted, i - 1, 3, 3, out var value) || value > byte.MaxValue)
                    return false;
                i += 2;
                to[written++] = (byte)value;
            }
            else
            {
                var control = "abtnvfr"u8.IndexOf(c);
                if (control < 0 && c is not ((byte)'"' or (byte)'\\'))
                    return false;
                to[written++] = control < 0 ? c : (byte)(7 + control);
            }
        }
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> text, int start, int count, int bitsEach, out uint value)
    {
        value = 0;
        if (text.Length - start < count)
            return false;
        foreach (var c in text.Slice(start, count))
        {
            var digit = HexConverter(c);
            if (digit >= 1 << bitsEach)
                return false;
            value = (value << bitsEach) | (uint)digit;
        }
        return true;
    }

    private static int HexConverter(byte c) =>
        c switch
        {
            >= (byte)'0' and <= (byte)'9' => c - '0',
            >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
            >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
            _ => int.MaxValue,
        };
}
