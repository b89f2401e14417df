using System.CommandLine;
using NectarBackup.Engine.Forget;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Forget;

/// <summary>The rules of <c>forget</c> as options.</summary>
internal sealed class RetentionOptions
{
    private readonly Option<string?> _last = Count("--keep-last", "the last N snapshots", "-l");
    private readonly Option<string?> _hourly = Count("--keep-hourly", "the last of each of N hours", "-H");
    private readonly Option<string?> _daily = Count("--keep-daily", "the last of each of N days", "-d");
    private readonly Option<string?> _weekly = Count("--keep-weekly", "the last of each of N weeks", "-w");
    private readonly Option<string?> _monthly = Count("--keep-monthly", "the last of each of N months", "-m");
    private readonly Option<string?> _yearly = Count("--keep-yearly", "the last of each of N years", "-y");
    private readonly Option<string?> _within = Span("--keep-within", "all within a span before the newest");
    private readonly Option<string?> _withinHourly = Span(
        "--keep-within-hourly",
        "the last of each hour within a span"
    );
    private readonly Option<string?> _withinDaily = Span("--keep-within-daily", "the last of each day within a span");
    private readonly Option<string?> _withinWeekly = Span(
        "--keep-within-weekly",
        "the last of each week within a span"
    );
    private readonly Option<string?> _withinMonthly = Span(
        "--keep-within-monthly",
        "the last of each month within a span"
    );
    private readonly Option<string?> _withinYearly = Span(
        "--keep-within-yearly",
        "the last of each year within a span"
    );
    private readonly Option<string[]> _tags = GlobalOptions.Texts(
        "--keep-tag",
        "keep what has these tags",
        "TAG[,TAG]..."
    );

    public void AddTo(Command command)
    {
        foreach (
            var option in new Option[]
            {
                _last,
                _hourly,
                _daily,
                _weekly,
                _monthly,
                _yearly,
                _within,
                _withinHourly,
                _withinDaily,
                _withinWeekly,
                _withinMonthly,
                _withinYearly,
                _tags,
            }
        )
            command.Add(option);
    }

    /// <exception cref="UsageException">A number is none.</exception>
    public RetentionPolicy Read(CommandRun run) =>
        new()
        {
            Last = ReadCount(run, _last),
            Hourly = ReadCount(run, _hourly),
            Daily = ReadCount(run, _daily),
            Weekly = ReadCount(run, _weekly),
            Monthly = ReadCount(run, _monthly),
            Yearly = ReadCount(run, _yearly),
            Within = ReadSpan(run, _within),
            WithinHourly = ReadSpan(run, _withinHourly),
            WithinDaily = ReadSpan(run, _withinDaily),
            WithinWeekly = ReadSpan(run, _withinWeekly),
            WithinMonthly = ReadSpan(run, _withinMonthly),
            WithinYearly = ReadSpan(run, _withinYearly),
            Tags = [.. run.Get(_tags).Select(SnapshotFilterOptions.SplitTags)],
        };

    private static Option<string?> Count(string name, string what, string letter) =>
        GlobalOptions.Text(name, $"keep {what} (or unlimited)", "N", letter);

    private static Option<string?> Span(string name, string what) =>
        GlobalOptions.Text(name, $"keep {what}, as 1y5m7d2h", "SPAN");

    private static int ReadCount(CommandRun run, Option<string?> option) =>
        run.Get(option) switch
        {
            null => 0,
            "unlimited" or "-1" => -1,
            var text => Durations.ParseCount(text, option.Name),
        };

    private static RetentionSpan ReadSpan(CommandRun run, Option<string?> option) =>
        run.Get(option) is { } text ? RetentionSpan.Parse(text) : default;
}
