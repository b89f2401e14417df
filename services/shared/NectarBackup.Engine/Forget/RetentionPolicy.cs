namespace NectarBackup.Engine.Forget;

/// <summary>Which snapshots to keep; -1 keeps all, 0 does not ask. Whatever one rule keeps is kept (restic <c>data/snapshot_policy.go</c>).</summary>
public sealed record RetentionPolicy
{
    public int Last { get; init; }
    public int Hourly { get; init; }
    public int Daily { get; init; }
    public int Weekly { get; init; }
    public int Monthly { get; init; }
    public int Yearly { get; init; }
    public RetentionSpan Within { get; init; }
    public RetentionSpan WithinHourly { get; init; }
    public RetentionSpan WithinDaily { get; init; }
    public RetentionSpan WithinWeekly { get; init; }
    public RetentionSpan WithinMonthly { get; init; }
    public RetentionSpan WithinYearly { get; init; }

    /// <summary>Keeps snapshots that have all tags of one of these lists.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Tags { get; init; } = [];

    public bool IsEmpty =>
        (Last | Hourly | Daily | Weekly | Monthly | Yearly) == 0
        && Within.IsZero
        && WithinHourly.IsZero
        && WithinDaily.IsZero
        && WithinWeekly.IsZero
        && WithinMonthly.IsZero
        && WithinYearly.IsZero
        && Tags.Count == 0;
}
