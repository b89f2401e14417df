using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Interop.Tests.Forget;

/// <summary>One question of both programs: a retention policy, a filter and a grouping, and the same as arguments of <c>restic forget</c>.</summary>
internal sealed record RandomPolicy(
    RetentionPolicy Retention,
    SnapshotFilter Filter,
    SnapshotGrouping Grouping,
    IReadOnlyList<string> Arguments
)
{
    private static readonly string[] s_lengths = ["1h", "30h", "2d", "9d", "1m", "1m3d12h", "5m31d", "1y", "3y2m"];

    private static readonly string[][] s_tags =
    [
        ["daily"],
        ["keep", "daily"],
        ["absent"],
        [""],
        ["", "daily"],
        ["daily", ""],
    ];

    public static RandomPolicy Make(Random random, bool unlimited)
    {
        var arguments = new List<string>();
        var policy = new RetentionPolicy
        {
            Last = Number("last"),
            Hourly = Number("hourly"),
            Daily = Number("daily"),
            Weekly = Number("weekly"),
            Monthly = Number("monthly"),
            Yearly = Number("yearly"),
            Within = Length("within"),
            WithinHourly = Length("within-hourly"),
            WithinDaily = Length("within-daily"),
            WithinWeekly = Length("within-weekly"),
            WithinMonthly = Length("within-monthly"),
            WithinYearly = Length("within-yearly"),
            Tags = Tags("--keep-tag", 5),
        };
        if (policy.IsEmpty)
        {
            policy = policy with { Last = 1 };
            arguments.AddRange(["--keep-last", "1"]);
        }
        var hosts = random.Next(6) == 0 ? new[] { "hîve" } : [];
        var paths = random.Next(6) == 0 ? new[] { "/etc" } : [];
        arguments.AddRange(hosts.SelectMany(host => new[] { "--host", host }));
        arguments.AddRange(paths.SelectMany(path => new[] { "--path", path }));
        var filter = new SnapshotFilter(hosts, Tags("--tag", 5), paths);
        var groups = random.Next(8);
        if (groups == 3)
            arguments.AddRange(["--group-by", ""]);
        else if (groups != 0)
            arguments.AddRange(["--group-by", string.Join(',', GroupWords(groups))]);
        var grouping = groups switch
        {
            0 => SnapshotGrouping.Default,
            3 => new SnapshotGrouping(false, false, false),
            _ => new SnapshotGrouping((groups & 1) != 0, (groups & 2) != 0, (groups & 4) != 0),
        };
        return new RandomPolicy(policy, filter, grouping, arguments);

        int Number(string rule)
        {
            if (random.Next(4) != 0)
                return 0;
            var number = unlimited && random.Next(6) == 0 ? -1 : random.Next(1, 9);
            arguments.AddRange([$"--keep-{rule}", number < 0 ? "unlimited" : $"{number}"]);
            return number;
        }

        RetentionSpan Length(string rule)
        {
            if (random.Next(5) != 0)
                return default;
            var length = s_lengths[random.Next(s_lengths.Length)];
            arguments.AddRange([$"--keep-{rule}", length]);
            return RetentionSpan.Parse(length);
        }

        string[][] Tags(string option, int rarity)
        {
            if (random.Next(rarity) != 0)
                return [];
            string[][] lists =
            [
                .. Enumerable.Range(0, random.Next(1, 3)).Select(_ => s_tags[random.Next(s_tags.Length)]),
            ];
            arguments.AddRange(lists.SelectMany(list => new[] { option, string.Join(',', list) }));
            return lists;
        }
    }

    private static IEnumerable<string> GroupWords(int groups)
    {
        if ((groups & 1) != 0)
            yield return "host";
        if ((groups & 2) != 0)
            yield return "paths";
        if ((groups & 4) != 0)
            yield return "tags";
    }
}
