using System.Globalization;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Engine.Forget;

/// <summary>A length of calendar time such as <c>1y5m7d2h</c> (restic <c>data/duration.go</c>).</summary>
public readonly record struct RetentionSpan(int Years, int Months, int Days, int Hours)
{
    public bool IsZero => this == default;

    /// <exception cref="RepositoryException"><see cref="RepositoryError.Refused"/>: not numbers each followed by y, m, d or h.</exception>
    public static RetentionSpan Parse(string text)
    {
        var span = default(RetentionSpan);
        for (var at = 0; at < text.Length; )
        {
            var unit = text.AsSpan(at).IndexOfAny("ymdh");
            if (
                unit <= 0
                || !int.TryParse(text.AsSpan(at, unit), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count > 100_000
            )
                throw new RepositoryException(
                    RepositoryError.Refused,
                    $"'{text}' is no length of time",
                    "write it as 1y5m7d2h"
                );
            span = text[at + unit] switch
            {
                'y' => span with { Years = count },
                'm' => span with { Months = count },
                'd' => span with { Days = count },
                _ => span with { Hours = count },
            };
            at += unit + 1;
        }
        return span;
    }

    public override string ToString() =>
        (Years != 0 ? $"{Years}y" : "")
        + (Months != 0 ? $"{Months}m" : "")
        + (Days != 0 ? $"{Days}d" : "")
        + (Hours != 0 ? $"{Hours}h" : "");

    /// <summary>The time this much before another. Days past the end of a month run into the next one, as Go's <c>AddDate</c> counts.</summary>
    internal GoTime Before(GoTime time)
    {
        var local = time.Seconds + time.OffsetMinutes * 60L;
        var date = Math.DivRem(local, 86_400, out var rest);
        if (rest < 0)
            (date, rest) = (date - 1, rest + 86_400);
        var (year, month, day) = Trees.Rfc3339.CivilFromDays(date);
        var months = (year - Years) * 12 + (month - 1) - Months;
        var monthOfYear = (int)(((months % 12) + 12) % 12);
        var first = Trees.Rfc3339.DaysFromCivil((months - monthOfYear) / 12, monthOfYear + 1, 1);
        var days = first + day - 1 - Days;
        return time with { Seconds = days * 86_400 + rest - time.OffsetMinutes * 60L - Hours * 3600L };
    }
}
