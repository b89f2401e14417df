using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// Which entries are wanted (restic <c>--include</c>, <c>--iinclude</c>): those that a pattern matches, with all below them. Without a pattern, all are.
/// Add all patterns first; then it may be asked by several threads.
/// </summary>
public sealed class IncludeRules
{
    private readonly List<PathPattern> _patterns = [];
    private readonly List<Prefix> _prefixes = [];
    private bool _isAnywhere;

    public bool IsEmpty => _patterns.Count == 0;

    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    public void AddPattern(ReadOnlySpan<byte> pattern) => Add(pattern, ignoresCase: false);

    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    public void AddPatternIgnoringCase(ReadOnlySpan<byte> pattern) => Add(pattern, ignoresCase: true);

    private void Add(ReadOnlySpan<byte> pattern, bool ignoresCase)
    {
        _patterns.Add(PathPattern.Parse(pattern, ignoresCase));
        var parts = PathPattern.Split(PathPattern.Clean(ignoresCase ? PathPattern.FoldCase(pattern) : pattern));
        if (parts[0] is not [(byte)'/'])
            _isAnywhere = true;
        else
            _prefixes.Add(
                new Prefix([.. parts.TakeWhile(static part => !part.AsSpan().SequenceEqual("**"u8))], ignoresCase)
            );
    }

    /// <summary>The entry is wanted. What lies below a wanted directory has to be asked about, too: a pattern may begin with '!'.</summary>
    /// <param name="path">Beginning with '/'.</param>
    public bool IsIncluded(ReadOnlySpan<byte> path)
    {
        if (IsEmpty)
            return true;
        var parts = PathPattern.Split(path);
        byte[][]? folded = null;
        var isIncluded = false;
        foreach (var pattern in _patterns)
        {
            if (isIncluded != pattern.IsNegated)
                continue;
            var tested = pattern.IgnoresCase ? folded ??= PathPattern.Split(PathPattern.FoldCase(path)) : parts;
            if (pattern.IsMatch(tested))
                isIncluded = !pattern.IsNegated;
        }
        return isIncluded;
    }

    /// <summary>Something below the directory may be wanted: false spares a walk through it.</summary>
    public bool MayIncludeBelow(ReadOnlySpan<byte> path)
    {
        if (IsEmpty || _isAnywhere)
            return true;
        var parts = PathPattern.Split(path);
        byte[][]? folded = null;
        foreach (var prefix in _prefixes)
            if (prefix.Agrees(prefix.IgnoresCase ? folded ??= PathPattern.Split(PathPattern.FoldCase(path)) : parts))
                return true;
        return false;
    }

    /// <summary>The components of a rooted pattern up to its first <c>**</c>.</summary>
    private sealed record Prefix(byte[][] Parts, bool IgnoresCase)
    {
        /// <summary>The components that both have match: the path leads to a match of the pattern, or lies below one.</summary>
        public bool Agrees(byte[][] path)
        {
            for (var i = 0; i < Math.Min(path.Length, Parts.Length); i++)
                if (!ComponentPattern.IsMatch(Parts[i], path[i]))
                    return false;
            return true;
        }
    }
}
