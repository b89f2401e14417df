using System.Globalization;
using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>The escapes of JSON strings as Go reads them.</summary>
internal static class JsonEscapes
{
    /// <summary>Resolves the escapes of a string; <paramref name="to"/> holds as many bytes as the text. Unpaired surrogates become U+FFFD.</summary>
    /// <returns>False if an escape is none of JSON's.</returns>
    public static bool TryResolve(ReadOnlySpan<byte> raw, Span<byte> to, out int written)
    {
        written = 0;
        for (var i = 0; i < raw.Length; )
        {
            var c = raw[i++];
            if (c != '\\')
            {
                to[written++] = c;
                continue;
            }
            c = i < raw.Length ? raw[i++] : (byte)0;
            if (c == 'u')
            {
                if (!TryUnit(raw, ref i, out var unit))
                    return false;
                var next = i + 2;
                if (
                    char.IsHighSurrogate(unit)
                    && raw[i..].StartsWith("\\u"u8)
                    && TryUnit(raw, ref next, out var low)
                    && char.IsLowSurrogate(low)
                )
                {
                    i = next;
                    written += new Rune(unit, low).EncodeToUtf8(to[written..]);
                    continue;
                }
                var rune = Rune.TryCreate(unit, out var single) ? single : Rune.ReplacementChar;
                written += rune.EncodeToUtf8(to[written..]);
                continue;
            }
            var letter = c switch
            {
                (byte)'"' or (byte)'\\' or (byte)'/' => c,
                (byte)'b' => (byte)8,
                (byte)'t' => (byte)9,
                (byte)'n' => (byte)10,
                (byte)'f' => (byte)12,
                (byte)'r' => (byte)13,
                _ => (byte)0,
            };
            if (letter == 0)
                return false;
            to[written++] = letter;
        }
        return true;
    }

    private static bool TryUnit(ReadOnlySpan<byte> raw, ref int i, out char unit)
    {
        unit = default;
        if (
            raw.Length - i < 4
            || !ushort.TryParse(
                raw.Slice(i, 4),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out var value
            )
        )
            return false;
        i += 4;
        unit = (char)value;
        return true;
    }
}
