using System.Buffers;
using System.Globalization;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Opening;

/// <summary>Durations and sizes as Go programs and restic take them.</summary>
internal static class Durations
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");

    private static readonly TimeSpan s_longest = TimeSpan.FromDays(1_000_000);

    /// <summary>Numbers with a unit each: <c>90s</c>, <c>1h30m</c>, <c>1.5h</c>, <c>2d</c>; plain <c>0</c>.</summary>
    /// <exception cref="UsageException">Anything else.</exception>
    public static TimeSpan Parse(string text, string option)
    {
        if (text == "0")
            return TimeSpan.Zero;
        var total = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(s_digits);
            if (
                digits < 1
                || !double.TryParse(
                    rest[..digits],
                    NumberStyles.AllowDecimalPoint,
                    CultureInfo.InvariantCulture,
                    out var n
                )
                || n > 1e6
            )
                throw Wrong();
            rest = rest[digits..];
            var isMilliseconds = rest.StartsWith("ms", StringComparison.Ordinal);
            total += rest[0] switch
            {
                _ when isMilliseconds => TimeSpan.FromMilliseconds(n),
                's' => TimeSpan.FromSeconds(n),
                'm' => TimeSpan.FromMinutes(n),
                'h' => TimeSpan.FromHours(n),
                'd' => TimeSpan.FromDays(n),
                _ => throw Wrong(),
            };
            if (total > s_longest)
                throw Wrong();
            rest = rest[(isMilliseconds ? 2 : 1)..];
        }
        return text.Length > 0 ? total : throw Wrong();

        UsageException Wrong() => new($"'{text}' is no duration for {option}", "write it as 30s, 5m or 2h");
    }

    /// <summary>Bytes with an optional suffix: <c>500</c>, <c>10k</c>, <c>1.5G</c> (units of 1024).</summary>
    /// <exception cref="UsageException">Anything else.</exception>
    public static long ParseSize(string text, string option)
    {
        var digits = text.AsSpan().TrimEnd("bB");
        var unit = digits.IsEmpty
            ? 0
            : char.ToLowerInvariant(digits[^1]) switch
            {
                'k' => 10,
                'm' => 20,
                'g' => 30,
                't' => 40,
                _ => 0,
            };
        if (unit > 0)
            digits = digits[..^1];
        return
            double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)
            && count * (1L << unit) is >= 0 and < long.MaxValue
            ? (long)(count * (1L << unit))
            : throw new UsageException($"'{text}' is no size for {option}", "write it as 500K, 10M or 1.5G");
    }

    /// <summary>A whole number that is not negative.</summary>
    public static int ParseCount(string text, string option) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : throw new UsageException($"'{text}' is no number for {option}");
}
