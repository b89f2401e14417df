using System.Globalization;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Standalone.Output;

/// <summary>Points in time as people read them, in the local time zone.</summary>
internal static class Times
{
    private const long MaxSeconds = 253_402_300_799;

    public static string Show(DateTimeOffset time) =>
        time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    public static string Show(GoTime time) => Show(Of(time.Seconds));

    public static string Show(NodeTime time) => Show(Of(time.Seconds));

    /// <summary>As Go writes it in JSON.</summary>
    public static string Rfc3339(NodeTime time)
    {
        var offset = TimeZoneInfo.Local.GetUtcOffset(Of(time.Seconds));
        return new GoTime(time.Seconds, time.Nanoseconds, (int)offset.TotalMinutes).ToString();
    }

    private static DateTimeOffset Of(long seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(Math.Clamp(seconds, -62_135_596_800 + 86_400, MaxSeconds - 86_400));
}
