using System.Globalization;

namespace NectarBackup.Standalone.Output;

/// <summary>Sizes, times and shares as restic shows them to people (<c>internal/ui/format.go</c>).</summary>
internal static class Amounts
{
    public static string Bytes(double count) =>
        count switch
        {
            >= 1L << 40 => Scaled(count / (1L << 40), "TiB"),
            >= 1L << 30 => Scaled(count / (1L << 30), "GiB"),
            >= 1L << 20 => Scaled(count / (1L << 20), "MiB"),
            >= 1L << 10 => Scaled(count / (1L << 10), "KiB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(count)} B"),
        };

    private static string Scaled(double count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:F3} {unit}");

    /// <summary>Minutes and seconds, with hours if there are any.</summary>
    public static string Duration(TimeSpan span) =>
        span.TotalHours >= 1
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{(long)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}"
            )
            : string.Create(CultureInfo.InvariantCulture, $"{span.Minutes}:{span.Seconds:00}");

    /// <summary>A share of a whole, in percent.</summary>
    public static string Percent(double part, double whole) =>
        string.Create(CultureInfo.InvariantCulture, $"{(whole <= 0 ? 100 : Math.Min(100, 100 * part / whole)):F2}%");

    public static string Number(double value, int digits) =>
        value.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
