using System.Globalization;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// What a backup leaves out, by the rules of restic's options of the same names. Add all rules first; then it may be asked by several threads.
/// </summary>
public sealed class ExcludeRules
{
    private readonly List<PathPattern> _patterns = [];
    private readonly List<PathPattern> _patternsIgnoringCase = [];
    private readonly List<ExcludeMarker> _markers = [];
    private long _largest = long.MaxValue;

    /// <summary>A directory has to be asked about its markers.</summary>
    public bool HasMarkers => _markers.Count > 0;

    /// <summary>--exclude. Patterns count in the order they are added.</summary>
    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    public void AddPattern(ReadOnlySpan<byte> pattern) => _patterns.Add(PathPattern.Parse(pattern, ignoresCase: false));

    /// <summary>--iexclude: its patterns are a list of their own, with their own negations.</summary>
    /// <exception cref="FormatException">The pattern is empty or malformed.</exception>
    public void AddPatternIgnoringCase(ReadOnlySpan<byte> pattern) =>
        _patternsIgnoringCase.Add(PathPattern.Parse(pattern, ignoresCase: true));

    /// <summary>--exclude-caches: the contents of directories with a CACHEDIR.TAG of the right signature (bford.info/cachedir).</summary>
    public void AddCaches() =>
        _markers.Add(new ExcludeMarker("CACHEDIR.TAG"u8, "Signature: 8a477f597d28d172789f06886806bc55"u8));

    /// <summary>--exclude-if-present: <c>NAME</c> or <c>NAME:header</c>.</summary>
    /// <exception cref="FormatException">The name is empty or has a slash.</exception>
    public void AddMarker(ReadOnlySpan<byte> rule)
    {
        var colon = rule.IndexOf((byte)':');
        _markers.Add(
            colon < 0 ? new ExcludeMarker(rule, default) : new ExcludeMarker(rule[..colon], rule[(colon + 1)..])
        );
    }

    /// <summary>--exclude-larger-than: files of more bytes are left out.</summary>
    public void SetLargest(long bytes) => _largest = bytes;

    /// <summary>A number of bytes, or with a suffix k, m, g, t (powers of 1024; either case) or b.</summary>
    /// <exception cref="FormatException">Not such a number, or negative, or beyond 63 bits.</exception>
    public static long ParseSize(string text)
    {
        var shift =
            text.Length == 0 ? -1 : "bkmgt".IndexOf(char.ToLowerInvariant(text[^1]), StringComparison.Ordinal) * 10;
        var digits = shift < 0 ? text : text[..^1];
        return
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number <= long.MaxValue >> Math.Max(shift, 0)
            ? number << Math.Max(shift, 0)
            : throw new FormatException($"'{text}' is no size: a number, then one of b, k, m, g, t, if any.");
    }

    /// <summary>A pattern excludes the entry; for a directory, all below it then, without a look inside.</summary>
    /// <param name="path">Absolute, without "." and "..".</param>
    public bool IsExcluded(ReadOnlySpan<byte> path) =>
        IsExcluded(_patterns, path)
        || (_patternsIgnoringCase.Count > 0 && IsExcluded(_patternsIgnoringCase, PathPattern.FoldCase(path)));

    private static bool IsExcluded(List<PathPattern> patterns, ReadOnlySpan<byte> path)
    {
        if (patterns.Count == 0)
            return false;
        var parts = PathPattern.Split(path);
        var isExcluded = false;
        foreach (var pattern in patterns)
            if (isExcluded == pattern.IsNegated && pattern.IsMatch(parts))
                isExcluded = !pattern.IsNegated;
        return isExcluded;
    }

    /// <summary>The entry's size excludes it; never a directory's.</summary>
    public bool IsTooLarge(in FileStatus status) => status.Type != Trees.NodeType.Directory && status.Size > _largest;

    /// <summary>
    /// The name of the marker that excludes the contents of the directory, all but the marker itself; null if none does. The directory itself is kept.
    /// </summary>
    /// <exception cref="LocalFileException">A marker cannot be read.</exception>
    public ReadOnlyMemory<byte>? FindMarker(LocalDirectory directory)
    {
        foreach (var marker in _markers)
            if (marker.IsIn(directory))
                return marker.Name;
        return null;
    }
}
