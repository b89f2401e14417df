using System.Globalization;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>Points in time as options give them.</summary>
internal static class Moments
{
    private static readonly string[] s_forms =
    [
        "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd HH:mm",
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mm:ssK",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>Local time, as restic takes it; RFC 3339 too.</summary>
    /// <exception cref="UsageException">The text is no such time.</exception>
    public static DateTimeOffset Parse(string text, string option) =>
        DateTimeOffset.TryParseExact(
            text,
            s_forms,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeLocal,
            out var time
        )
            ? time
            : throw new UsageException($"'{text}' is no time for {option}", "write it as '2012-11-01 22:08:41'");
}
