using System.Text;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Engine.Tests.Forget;

public sealed class ForgetPlanTests
{
    [Fact]
    public void Reasons_are_those_of_restic()
    {
        var snapshots = new[] { "2026-01-01", "2026-01-02", "2026-02-02", "2026-02-03" }.Select(Make);
        var policy = new RetentionPolicy
        {
            Monthly = 5,
            Yearly = 3,
            Within = RetentionSpan.Parse("1d"),
            WithinWeekly = RetentionSpan.Parse("1m"),
        };
        var group = Assert.Single(ForgetPlan.Make(snapshots, policy).Groups);
        Assert.Equal(
            [
                "within 1d, monthly snapshot, yearly snapshot, weekly within 1m",
                "monthly snapshot",
                "oldest monthly snapshot, oldest yearly snapshot",
            ],
            group.Keep.Select(k => string.Join(", ", k.Reasons))
        );
        Assert.Single(group.Remove);
    }

    [Fact]
    public void A_policy_that_asks_for_nothing_or_empties_a_group_is_refused()
    {
        var snapshots = new[] { Make("2026-01-01") };
        Assert.Throws<RepositoryException>(() => ForgetPlan.Make(snapshots, new RetentionPolicy()));
        Assert.Throws<RepositoryException>(() =>
            ForgetPlan.Make(
                snapshots,
                new RetentionPolicy
                {
                    Tags =
                    [
                        ["x"],
                    ],
                }
            )
        );
    }

    [Fact]
    public void A_snapshot_keeps_nanoseconds_offset_and_unknown_fields()
    {
        const string text =
            "{\"time\":\"2026-01-01T10:00:00.123456789+02:00\","
            + "\"tree\":\"ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8\","
            + "\"paths\":[\"/ä\"],\"hostname\":\"h\",\"uid\":7,\"other\":{\"a\":[1]}}";
        var snapshot = SnapshotJson.Parse(Encoding.UTF8.GetBytes(text), default);
        Assert.Equal(text, Encoding.UTF8.GetString(SnapshotJson.Serialize(snapshot)));
    }

    private static Snapshot Make(string day) =>
        new()
        {
            Id = ObjectId.Of(Encoding.UTF8.GetBytes(day)),
            Time = GoTime.Parse(Encoding.UTF8.GetBytes(day + "T10:00:00Z")),
            Paths = ["/x"],
            Hostname = "h",
        };
}
