namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// A shell pattern for one component of a path, with the rules of Go's <c>path/filepath.Match</c>, which restic's patterns are made of: <c>*</c>,
/// <c>?</c> (one character), <c>[abc]</c>, <c>[a-z]</c>, <c>[^a-z]</c>, and the backslash before a character that stands for itself.
/// </summary>
internal static class ComponentPattern
{
    internal static bool IsLiteral(ReadOnlySpan<byte> pattern) => pattern.IndexOfAny("*?[\\"u8) < 0;

    /// <summary>The pattern can be matched at all: no open bracket, empty class or trailing backslash.</summary>
    internal static bool IsValid(ReadOnlySpan<byte> pattern)
    {
        while (!pattern.IsEmpty)
        {
            switch (pattern[0])
            {
                case (byte)'[':
                    if (!TryClass(pattern, 0, out _, out var length))
                        return false;
                    pattern = pattern[length..];
                    break;
                case (byte)'\\' when pattern.Length < 2:
                    return false;
                case (byte)'\\':
                    pattern = pattern[2..];
                    break;
                default:
                    pattern = pattern[1..];
                    break;
            }
        }
        return true;
    }

    /// <summary>Matches all of <paramref name="name"/>. Only the last star is ever tried again, so the time is bounded by the product of the lengths.</summary>
    internal static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> name)
    {
        int p = 0,
            n = 0,
            starPattern = -1,
            starName = 0;
        while (true)
        {
            if (p < pattern.Length && pattern[p] == (byte)'*')
            {
                starPattern = ++p;
                starName = n;
                continue;
            }
            if (n == name.Length && p == pattern.Length)
                return true;
            if (
                n < name.Length
                && p < pattern.Length
                && MatchOne(pattern[p..], name[n..], out var inPattern, out var inName)
            )
            {
                p += inPattern;
                n += inName;
                continue;
            }
            // A star takes one byte more; it never takes a slash (the component "/" of a rooted path).
            if (starPattern < 0 || starName >= name.Length || name[starName] == (byte)'/')
                return false;
            p = starPattern;
            n = ++starName;
        }
    }

    private static bool MatchOne(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> name, out int inPattern, out int inName)
    {
        inPattern = inName = 1;
        switch (pattern[0])
        {
            case (byte)'?':
                inName = BytePath.DecodeRune(name, out _);
                return name[0] != (byte)'/';
            case (byte)'[':
                inName = BytePath.DecodeRune(name, out var rune);
                return TryClass(pattern, rune, out var isMember, out inPattern) && isMember;
            case (byte)'\\':
                inPattern = 2;
                return pattern.Length > 1 && pattern[1] == name[0];
            default:
                return pattern[0] == name[0];
        }
    }

    // "[" ["^"] range { range } "]", range = character ["-" character].
    private static bool TryClass(ReadOnlySpan<byte> pattern, int rune, out bool isMember, out int length)
    {
        isMember = false;
        length = 0;
        var at = 1;
        var isNegated = at < pattern.Length && pattern[at] == (byte)'^';
        if (isNegated)
            at++;
        for (var ranges = 0; ; ranges++)
        {
            if (at < pattern.Length && pattern[at] == (byte)']' && ranges > 0)
                break;
            if (!TryClassCharacter(pattern, ref at, out var low))
                return false;
            var high = low;
            if (pattern[at] == (byte)'-')
            {
                at++;
                if (!TryClassCharacter(pattern, ref at, out high))
                    return false;
            }
            isMember |= low <= rune && rune <= high;
        }
        isMember ^= isNegated;
        length = at + 1;
        return true;
    }

    // A character is never the last of the pattern: the bracket has to close.
    private static bool TryClassCharacter(ReadOnlySpan<byte> pattern, ref int at, out int rune)
    {
        rune = -1;
        if (at >= pattern.Length || pattern[at] is (byte)'-' or (byte)']')
            return false;
        if (pattern[at] == (byte)'\\' && ++at >= pattern.Length)
            return false;
        at += BytePath.DecodeRune(pattern[at..], out rune);
        return rune >= 0 && at < pattern.Length;
    }
}
