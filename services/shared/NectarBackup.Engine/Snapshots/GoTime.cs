using System.Globalization;
using System.Text;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Snapshots;

/// <summary>A time with the offset it was written with; .NET's own types would drop the last two digits of its nanoseconds.</summary>
public readonly record struct GoTime(long Seconds, int Nanoseconds, int OffsetMinutes) : IComparable<GoTime>
{
    public static GoTime From(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        return new GoTime(seconds, (int)rest * 100, (int)time.Offset.TotalMinutes);
    }

    /// <exception cref="FormatException">No RFC 3339 time.</exception>
    public static GoTime Parse(ReadOnlySpan<byte> text) =>
        Rfc3339.TryParse(text, out var seconds, out var nanoseconds, out var offset)
            ? new GoTime(seconds, nanoseconds, offset)
            : throw new FormatException("A time is not in the form of RFC 3339.");

    /// <summary>The date and hour at the offset, as retention buckets see it. Years before 1 count as 1.</summary>
    public DateTime Local =>
        DateTime.UnixEpoch.AddSeconds(Math.Clamp(Seconds + OffsetMinutes * 60L, -62_135_596_800, 253_402_300_799));

    public int CompareTo(GoTime other) =>
        Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[Rfc3339.MaxLength];
        return Encoding.ASCII.GetString(text[..Rfc3339.Format(Seconds, Nanoseconds, text, OffsetMinutes)]);
    }

    public static bool operator <(GoTime left, GoTime right) => left.CompareTo(right) < 0;

    public static bool operator >(GoTime left, GoTime right) => left.CompareTo(right) > 0;

    public static bool operator <=(GoTime left, GoTime right) => left.CompareTo(right) <= 0;

    public static bool operator >=(GoTime left, GoTime right) => left.CompareTo(right) >= 0;
}
