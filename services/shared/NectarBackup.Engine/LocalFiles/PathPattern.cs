using System.Text;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// One exclude pattern of restic: components that match anywhere in a path, or from the root if the pattern begins with '/'; <c>**</c> stands for any
/// number of components; a leading '!' takes back what earlier patterns excluded (restic documentation: "Excluding Files"; <c>filter.match</c>).
/// </summary>
internal sealed class PathPattern
{
    // "**" is tried with every number of components: more than a few in one pattern would take ages on a deep path.
    private const int MaxDoubleStars = 8;

    private readonly byte[][] _parts;
    private readonly bool[] _isLiteral;

    private PathPattern(byte[][] parts, bool isNegated, bool ignoresCase)
    {
        _parts = parts;
        _isLiteral = [.. parts.Select(static part => ComponentPattern.IsLiteral(part))];
        IsNegated = isNegated;
        IgnoresCase = ignoresCase;
    }

    internal bool IsNegated { get; }
    internal bool IgnoresCase { get; }

    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    internal static PathPattern Parse(ReadOnlySpan<byte> pattern, bool ignoresCase)
    {
        var isNegated = !pattern.IsEmpty && pattern[0] == (byte)'!';
        if (isNegated)
            pattern = pattern[1..];
        if (pattern.IsEmpty)
            throw new FormatException("The pattern is empty.");
        var parts = Split(Clean(ignoresCase ? FoldCase(pattern) : pattern));
        foreach (var part in parts)
            if (!ComponentPattern.IsValid(part))
                throw new FormatException($"The pattern '{BytePath.Display(pattern)}' is malformed.");
        if (parts.Count(static part => IsDoubleStar(part)) > MaxDoubleStars)
            throw new FormatException(
                $"The pattern '{BytePath.Display(pattern)}' has more than {MaxDoubleStars} '**'."
            );
        return new PathPattern(parts, isNegated, ignoresCase);
    }

    private static bool IsDoubleStar(byte[] part) => part.AsSpan().SequenceEqual("**"u8);

    /// <summary>Some stretch of whole components of the path matches: a pattern matches what lies below its matches, too.</summary>
    /// <param name="path">Split, with case folded if the pattern ignores it.</param>
    internal bool IsMatch(byte[][] path)
    {
        if (path.Length == 0)
            return false;
        var isRooted = _parts[0].AsSpan().SequenceEqual("/"u8);
        if (isRooted)
            return MatchAt(path, 0, 0);
        for (var start = path[0].AsSpan().SequenceEqual("/"u8) ? 1 : 0; start <= path.Length; start++)
            if (MatchAt(path, start, 0))
                return true;
        return false;
    }

    private bool MatchAt(byte[][] path, int at, int part)
    {
        for (; part < _parts.Length; part++, at++)
        {
            if (IsDoubleStar(_parts[part]))
            {
                for (var next = at; next <= path.Length; next++)
                    if (MatchAt(path, next, part + 1))
                        return true;
                return false;
            }
            if (at >= path.Length)
                return false;
            var isMatch = _isLiteral[part]
                ? _parts[part].AsSpan().SequenceEqual(path[at])
                : ComponentPattern.IsMatch(_parts[part], path[at]);
            if (!isMatch)
                return false;
        }
        return true;
    }

    /// <summary>The components; the first is "/" if the path begins with it.</summary>
    internal static byte[][] Split(ReadOnlySpan<byte> path)
    {
        var parts = new List<byte[]>();
        if (!path.IsEmpty && path[0] == (byte)'/')
            parts.Add([(byte)'/']);
        foreach (var range in path.Split((byte)'/'))
            if (!path[range].IsEmpty)
                parts.Add(path[range].ToArray());
        return [.. parts];
    }

    /// <summary>Without doubled and trailing slashes, "." and, where a component precedes it, ".." (Go <c>filepath.Clean</c>).</summary>
    internal static byte[] Clean(ReadOnlySpan<byte> path)
    {
        var isRooted = !path.IsEmpty && path[0] == (byte)'/';
        var kept = new List<byte[]>();
        foreach (var part in Split(path).Skip(isRooted ? 1 : 0))
        {
            if (part.AsSpan().SequenceEqual("."u8))
                continue;
            if (!part.AsSpan().SequenceEqual(".."u8))
                kept.Add(part);
            else if (kept.Count > 0 && !kept[^1].AsSpan().SequenceEqual(".."u8))
                kept.RemoveAt(kept.Count - 1);
            else if (!isRooted)
                kept.Add(part);
        }
        var clean = new List<byte>(path.Length + 1);
        foreach (var part in kept)
        {
            if (isRooted || clean.Count > 0)
                clean.Add((byte)'/');
            clean.AddRange(part);
        }
        if (clean.Count == 0)
            clean.Add(isRooted ? (byte)'/' : (byte)'.');
        return [.. clean];
    }

    /// <summary>Every character in lower case by Unicode's simple mapping; bytes that are no UTF-8 stay.</summary>
    internal static byte[] FoldCase(ReadOnlySpan<byte> path)
    {
        var folded = new List<byte>(path.Length);
        Span<byte> encoded = stackalloc byte[4];
        while (!path.IsEmpty)
        {
            var length = BytePath.DecodeRune(path, out var rune);
            if (rune < 0)
                folded.Add(path[0]);
            else
                folded.AddRange(encoded[..Rune.ToLowerInvariant(new Rune(rune)).EncodeToUtf8(encoded)]);
            path = path[length..];
        }
        return [.. folded];
    }
}
