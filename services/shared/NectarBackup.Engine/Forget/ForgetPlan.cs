using System.Globalization;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Engine.Forget;

/// <summary>A snapshot that stays, and why, in restic's words.</summary>
public sealed record KeptSnapshot(Snapshot Snapshot, IReadOnlyList<string> Reasons);

/// <summary>What becomes of one group; both lists begin with the newest.</summary>
public sealed record ForgetGroup(SnapshotGroup Group, IReadOnlyList<KeptSnapshot> Keep, IReadOnlyList<Snapshot> Remove);

/// <summary>Which snapshots a policy would remove. Making it changes nothing.</summary>
public sealed record ForgetPlan(IReadOnlyList<ForgetGroup> Groups)
{
    /// <summary>Decides for each group apart.</summary>
    /// <exception cref="RepositoryException">
    /// <see cref="RepositoryError.Refused"/>: the policy asks for nothing, has a count below -1, or would leave a group empty.
    /// </exception>
    public static ForgetPlan Make(
        IEnumerable<Snapshot> snapshots,
        RetentionPolicy policy,
        SnapshotGrouping? grouping = null,
        TimeProvider? time = null
    )
    {
        if (policy.IsEmpty)
            throw new RepositoryException(
                RepositoryError.Refused,
                "the policy keeps nothing",
                "give at least one rule"
            );
        if (
            Math.Min(
                Math.Min(Math.Min(policy.Last, policy.Hourly), Math.Min(policy.Daily, policy.Weekly)),
                Math.Min(policy.Monthly, policy.Yearly)
            ) < -1
        )
            throw new RepositoryException(RepositoryError.Refused, "a number to keep is below -1", "-1 keeps all");
        var now = GoTime.From((time ?? TimeProvider.System).GetUtcNow());
        var groups = (grouping ?? SnapshotGrouping.Default)
            .Apply(snapshots)
            .Select(g => Decide(g, policy, now))
            .ToList();
        if (groups.Find(g => g.Keep.Count == 0) is { } empty)
            throw new RepositoryException(
                RepositoryError.Refused,
                $"the policy would remove all {empty.Remove.Count} snapshots of {empty.Group.Host} {string.Join(' ', empty.Group.Paths ?? [])}".TrimEnd(),
                "let it keep at least one of each group"
            );
        return new ForgetPlan(groups);
    }

    private static ForgetGroup Decide(SnapshotGroup group, RetentionPolicy policy, GoTime now)
    {
        var list = group.Snapshots;
        // A clock that once was wrong must not push everything out of the window.
        var newest = list.FirstOrDefault(s => s.Time <= now)?.Time ?? list[^1].Time;
        Rule[] rules =
        [
            new("last", (_, nr) => nr, policy.Last, default),
            new("hourly", Hour, policy.Hourly, default),
            new("daily", Day, policy.Daily, default),
            new("weekly", Week, policy.Weekly, default),
            new("monthly", Month, policy.Monthly, default),
            new("yearly", (t, _) => t.Year, policy.Yearly, default),
            new("hourly", Hour, -1, policy.WithinHourly),
            new("daily", Day, -1, policy.WithinDaily),
            new("weekly", Week, -1, policy.WithinWeekly),
            new("monthly", Month, -1, policy.WithinMonthly),
            new("yearly", (t, _) => t.Year, -1, policy.WithinYearly),
        ];
        for (var i = 6; i < rules.Length; i++)
            if (rules[i].Within.IsZero)
                rules[i].Left = 0;

        var keep = new List<KeptSnapshot>();
        var remove = new List<Snapshot>();
        for (var nr = 0; nr < list.Count; nr++)
        {
            var snapshot = list[nr];
            List<string> reasons =
            [
                .. policy.Tags.Where(snapshot.HasTags).Select(tags => $"has tags [{string.Join(", ", tags)}]"),
            ];
            if (!policy.Within.IsZero && snapshot.Time > policy.Within.Before(newest))
                reasons.Add($"within {policy.Within}");
            foreach (var rule in rules)
                if (rule.Keeps(snapshot.Time, nr, nr == list.Count - 1, newest) is { } reason)
                    reasons.Add(reason);
            if (reasons.Count > 0)
                keep.Add(new KeptSnapshot(snapshot, reasons));
            else
                remove.Add(snapshot);
        }
        return new ForgetGroup(group, keep, remove);
    }

    private static int Hour(DateTime t, int nr) => Day(t, nr) * 24 + t.Hour;

    private static int Day(DateTime t, int nr) => Month(t, nr) * 100 + t.Day;

    private static int Week(DateTime t, int nr) => ISOWeek.GetYear(t) * 100 + ISOWeek.GetWeekOfYear(t);

    private static int Month(DateTime t, int nr) => t.Year * 100 + t.Month;

    /// <summary>Keeps the newest snapshot of each bucket, and from restic 0.16 on the oldest of all, while its count lasts.</summary>
    private sealed class Rule(string name, Func<DateTime, int, int> bucket, int count, RetentionSpan within)
    {
        private int _last = -1;

        public int Left { get; set; } = count;

        public RetentionSpan Within { get; } = within;

        public string? Keeps(GoTime time, int nr, bool oldest, GoTime newest)
        {
            if (Left == 0 || (!Within.IsZero && time <= Within.Before(newest)))
                return null;
            var value = bucket(time.Local, nr);
            if (value == _last && !oldest)
                return null;
            var prefix = value == _last ? "oldest " : "";
            _last = value;
            if (Left > 0)
                Left--;
            return Within.IsZero ? $"{prefix}{name} snapshot" : $"{prefix}{name} within {Within}";
        }
    }
}
