using System.Buffers;

namespace NectarBackup.Engine.Trees;

/// <summary>Walks over JSON in memory, one value at a time and without recursion deeper than <see cref="MaxDepth"/>.</summary>
internal ref struct TreeScanner(ReadOnlySpan<byte> text, int at, string what)
{
    /// <summary>Levels of arrays and objects that unknown fields may have; restic's trees have four.</summary>
    public const int MaxDepth = 64;

    private static readonly SearchValues<byte> StringEnds = SearchValues.Create([
        .. Enumerable.Range(0, 0x20).Select(c => (byte)c),
        (byte)'"',
        (byte)'\\',
    ]);

    private readonly ReadOnlySpan<byte> _text = text;

    public int At { get; private set; } = at;

    public readonly bool AtEnd => At >= _text.Length;

    public readonly RepositoryException Damaged(string how) =>
        RepositoryException.Damaged(what, $"{how} at byte {At} of its text");

    public readonly ReadOnlySpan<byte> Rest => _text[At..];

    public void Skip(int bytes) => At += bytes;

    public void SkipSpace()
    {
        while (At < _text.Length && _text[At] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
            At++;
    }

    /// <summary>Steps over a character, and the white space before it, if it comes next.</summary>
    public bool TryTake(byte c)
    {
        if (At < _text.Length && _text[At] == c)
        {
            At++;
            return true;
        }
        SkipSpace();
        if (At >= _text.Length || _text[At] != c)
            return false;
        At++;
        return true;
    }

    public void Take(byte c)
    {
        if (!TryTake(c))
            throw Damaged($"'{(char)c}' is missing");
    }

    public bool TryTakeNull()
    {
        SkipSpace();
        if (At >= _text.Length || _text[At] != 'n')
            return false;
        TakeWord("null"u8);
        return true;
    }

    private void TakeWord(ReadOnlySpan<byte> word)
    {
        if (!_text[At..].StartsWith(word))
            throw Damaged("a value is no JSON");
        At += word.Length;
    }

    /// <summary>A string's text as it is written, between the quotes.</summary>
    /// <param name="start">Where in the input that text begins.</param>
    /// <param name="escaped">Whether <see cref="Unescape"/> is needed to read it.</param>
    public ReadOnlySpan<byte> TakeString(out int start, out bool escaped)
    {
        Take((byte)'"');
        start = At;
        escaped = false;
        while (true)
        {
            var length = _text[At..].IndexOfAny(StringEnds);
            if (length < 0)
            {
                At = _text.Length;
                throw Damaged("a string has no end");
            }
            At += length;
            if (_text[At] == '"')
                return _text[start..At++];
            if (_text[At] != '\\' || At + 1 >= _text.Length)
                throw Damaged("a string holds a control character");
            escaped = true;
            At += 2;
        }
    }

    /// <summary>A text that holds no escapes if it is sound: types, ids and times.</summary>
    public ReadOnlySpan<byte> TakeWordString()
    {
        const int longest = 80;
        Take((byte)'"');
        var length = _text.Slice(At, Math.Min(longest, _text.Length - At)).IndexOf((byte)'"');
        if (length < 0)
        {
            At--;
            return TakeString(out _, out _);
        }
        At += length + 1;
        return _text.Slice(At - 1 - length, length);
    }

    public ulong TakeNumber(ulong max)
    {
        SkipSpace();
        var start = At;
        var value = 0ul;
        for (; At < _text.Length && (uint)(_text[At] - '0') <= 9; At++)
        {
            var digit = (ulong)(_text[At] - '0');
            if (value >= ulong.MaxValue / 10 && value > (ulong.MaxValue - digit) / 10)
                throw Damaged("a number is too large");
            value = value * 10 + digit;
        }
        if (
            At == start
            || (_text[start] == '0' && At > start + 1)
            || (At < _text.Length && _text[At] is (byte)'.' or (byte)'e' or (byte)'E')
        )
            throw Damaged("a number is no whole number from 0 on");
        return value <= max ? value : throw Damaged("a number is too large");
    }

    /// <summary>Steps over any value.</summary>
    public void SkipValue(int depth)
    {
        SkipSpace();
        if (AtEnd)
            throw Damaged("a value is missing");
        if (depth > MaxDepth)
            throw Damaged($"values are nested deeper than {MaxDepth} levels");
        switch (_text[At])
        {
            case (byte)'"':
                TakeString(out _, out _);
                break;
            case (byte)'{':
                At++;
                if (TryTake((byte)'}'))
                    break;
                do
                {
                    TakeString(out _, out _);
                    Take((byte)':');
                    SkipValue(depth + 1);
                } while (TryTake((byte)','));
                Take((byte)'}');
                break;
            case (byte)'[':
                At++;
                if (TryTake((byte)']'))
                    break;
                do SkipValue(depth + 1);
                while (TryTake((byte)','));
                Take((byte)']');
                break;
            case (byte)'t':
                TakeWord("true"u8);
                break;
            case (byte)'f':
                TakeWord("false"u8);
                break;
            case (byte)'n':
                TakeWord("null"u8);
                break;
            default:
                var start = At;
                while (At < _text.Length && "0123456789+-.eE"u8.Contains(_text[At]))
                    At++;
                if (At == start || _text[start] is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9')))
                    throw Damaged("a value is no JSON");
                break;
        }
    }

    /// <summary>Resolves the escapes of a string; <paramref name="to"/> holds as many bytes as the text.</summary>
    /// <returns>The bytes written. Unpaired surrogates become U+FFFD, as in Go.</returns>
    public readonly int Unescape(ReadOnlySpan<byte> raw, Span<byte> to) =>
        JsonEscapes.TryResolve(raw, to, out var written) ? written : throw Damaged("a string holds a broken escape");
}
