using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// Times as Go writes them (RFC 3339, up to nine digits of a second without trailing zeros). .NET's own types stop at 100 ns and at
/// year 1, while file systems know nanoseconds and restic allows the years 0 to 9999.
/// </summary>
internal static class Rfc3339
{
    /// <summary>Bytes of the longest text: date, time, nine digits and an offset.</summary>
    public const int MaxLength = 35;

    private const long SecondsPerDay = 86_400;
    private const long YearZero = -62_167_219_200;
    private const long YearTenThousand = 253_402_300_800;

    /// <summary>Writes a time in UTC, or shifted by <paramref name="offsetMinutes"/>. Years outside 0..9999 are clamped as restic does.</summary>
    /// <returns>The bytes written, at most <see cref="MaxLength"/>.</returns>
    public static int Format(long seconds, int nanoseconds, Span<byte> to, int offsetMinutes = 0)
    {
        seconds += offsetMinutes * 60;
        var days = Math.DivRem(seconds, SecondsPerDay, out var rest);
        if (rest < 0)
        {
            rest += SecondsPerDay;
            days--;
        }
        var (year, month, day) = CivilFromDays(days);
        if (seconds is < YearZero or >= YearTenThousand)
        {
            // Only the year is changed; 29 February then may be 1 March (restic data/node.go:FixTime).
            year = year < 0 ? 0 : 9999;
            if (year == 9999 && month == 2 && day == 29)
                (month, day) = (3, 1);
        }

        to = to[..MaxLength];
        var second = (uint)rest;
        Two(to, 0, (uint)year / 100);
        Two(to, 2, (uint)year % 100);
        to[4] = (byte)'-';
        Two(to, 5, (uint)month);
        to[7] = (byte)'-';
        Two(to, 8, (uint)day);
        to[10] = (byte)'T';
        Two(to, 11, second / 3600);
        to[13] = (byte)':';
        Two(to, 14, second / 60 % 60);
        to[16] = (byte)':';
        Two(to, 17, second % 60);
        var at = 19;
        if (nanoseconds > 0)
        {
            to[at++] = (byte)'.';
            var fraction = (uint)nanoseconds;
            to[at] = (byte)('0' + fraction / 100_000_000);
            Two(to, at + 1, fraction / 1_000_000 % 100);
            Two(to, at + 3, fraction / 10_000 % 100);
            Two(to, at + 5, fraction / 100 % 100);
            Two(to, at + 7, fraction % 100);
            at += 9;
            while (to[at - 1] == '0')
                at--;
        }
        if (offsetMinutes == 0)
        {
            to[at++] = (byte)'Z';
            return at;
        }
        to[at] = (byte)(offsetMinutes < 0 ? '-' : '+');
        var minutes = (uint)Math.Abs(offsetMinutes);
        Two(to, at + 1, minutes / 60);
        to[at + 3] = (byte)':';
        Two(to, at + 4, minutes % 60);
        return at + 6;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two(Span<byte> to, int at, uint value)
    {
        var tens = value * 205 >> 11;
        to[at + 1] = (byte)('0' + value - tens * 10);
        to[at] = (byte)('0' + tens);
    }

    /// <summary>Reads a time with its offset; digits beyond the ninth of a second are dropped.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long seconds, out int nanoseconds, out int offsetMinutes)
    {
        seconds = 0;
        nanoseconds = offsetMinutes = 0;
        if (text.Length < 20)
            return false;
        var year = Two(text, 0) * 100 + Two(text, 2);
        var month = Two(text, 5);
        var day = Two(text, 8);
        var hour = Two(text, 11);
        var minute = Two(text, 14);
        var second = Two(text, 17);
        if (
            (Two(text, 0) | Two(text, 2) | month | day | hour | minute | second) < 0
            || text[4] != '-'
            || text[7] != '-'
            || text[10] != 'T'
            || text[13] != ':'
            || text[16] != ':'
            || hour > 23
            || minute > 59
            || second > 59
            || month is < 1 or > 12
            || day < 1
            || day > DaysInMonth(year, month)
        )
            return false;

        var at = 19;
        if (text[at] == '.')
        {
            var start = ++at;
            var scale = 100_000_000;
            for (; at < text.Length && (uint)(text[at] - '0') <= 9; at++, scale /= 10)
                nanoseconds += (text[at] - '0') * scale;
            if (at == start)
                return false;
        }

        seconds = DaysFromCivil(year, month, day) * SecondsPerDay + hour * 3600 + minute * 60 + second;
        var zone = text[at..];
        if (zone.Length == 1 && zone[0] == 'Z')
            return true;
        if (zone.Length != 6 || zone[0] is not ((byte)'+' or (byte)'-') || zone[3] != ':')
            return false;
        var hours = Two(zone, 1);
        var minutes = Two(zone, 4);
        if ((hours | minutes) < 0 || hours > 23 || minutes > 59)
            return false;
        offsetMinutes = (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
        seconds -= offsetMinutes * 60;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Two(ReadOnlySpan<byte> text, int at)
    {
        var tens = (uint)(text[at] - '0');
        var ones = (uint)(text[at + 1] - '0');
        return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
    }

    private static int DaysInMonth(int year, int month) =>
        month == 2 ? (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28)
        : month is 4 or 6 or 9 or 11 ? 30
        : 31;

    // The proleptic Gregorian calendar in eras of 400 years that begin on 1 March, so that the leap day ends a year.
    private const int DaysPerEra = 146_097;
    private const int EpochFromEra = 719_468;

    public static (long Year, int Month, int Day) CivilFromDays(long days)
    {
        days += EpochFromEra;
        var era = (days >= 0 ? days : days - (DaysPerEra - 1)) / DaysPerEra;
        var dayOfEra = (uint)(days - era * DaysPerEra);
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var marchMonth = (5 * dayOfYear + 2) / 153;
        var day = dayOfYear - (153 * marchMonth + 2) / 5 + 1;
        var month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), (int)month, (int)day);
    }

    public static long DaysFromCivil(long year, int month, int day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = (year >= 0 ? year : year - 399) / 400;
        var yearOfEra = year - era * 400;
        var dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * DaysPerEra + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - EpochFromEra;
    }
}
