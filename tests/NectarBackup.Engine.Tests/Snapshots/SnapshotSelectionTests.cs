using System.Text;
using NectarBackup.Engine.Snapshots;

namespace NectarBackup.Engine.Tests.Snapshots;

public sealed class SnapshotSelectionTests
{
    private static readonly Snapshot[] s_all =
    [
        Make(1, "bee", ["/home"], []),
        Make(3, "bee", ["/home", "/etc"], ["a"]),
        Make(2, "wasp", ["/etc", "/home"], ["b", "a"]),
        Make(4, "wasp", ["/srv"], ["b"]),
    ];

    [Theory]
    [InlineData("latest", 4)]
    [InlineData("latest~0", 4)]
    [InlineData("latest~1", 3)]
    [InlineData("latest~3", 1)]
    public void Latest_counts_back_by_time(string text, int day) =>
        Assert.Equal(Day(day), SnapshotSelection.Resolve(s_all, text).Time);

    [Theory]
    [InlineData("latest~4")]
    [InlineData("latest~")]
    [InlineData("latest~-1")]
    [InlineData("latest~x")]
    [InlineData("latest~99999999999")]
    [InlineData("latest2")]
    [InlineData("")]
    [InlineData("zz")]
    public void What_names_no_snapshot_is_an_error(string text)
    {
        var error = Assert.Throws<RepositoryException>(() => SnapshotSelection.Resolve(s_all, text));
        Assert.Equal(RepositoryError.NoSuchItem, error.Error);
    }

    [Fact]
    public void The_filter_applies_to_latest_and_not_to_ids()
    {
        var filter = new SnapshotFilter(["bee"], [], []);
        Assert.Equal(Day(3), SnapshotSelection.Resolve(s_all, "latest", filter).Time);
        Assert.Equal(s_all[3], SnapshotSelection.Resolve(s_all, s_all[3].Id.ToString(), filter));
    }

    [Fact]
    public void A_beginning_that_fits_two_snapshots_is_an_error_that_names_both()
    {
        var (one, two) = (
            s_all[0] with
            {
                Id = ObjectId.Parse(new string('a', 64)),
            },
            s_all[1] with
            {
                Id = ObjectId.Parse("aab" + new string('0', 61)),
            }
        );
        Assert.Equal(two, SnapshotSelection.Resolve([one, two], "aab"));
        Assert.Equal(one, SnapshotSelection.Resolve([one, two], "aaa"));
        var error = Assert.Throws<RepositoryException>(() => SnapshotSelection.Resolve([one, two], "aa"));
        Assert.Contains("aaaaaaaaaa", error.Message, StringComparison.Ordinal);
        Assert.Contains("aab0000000", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tags_of_one_list_are_all_asked_for_and_of_several_lists_one_suffices()
    {
        Assert.Equal(
            [3, 2],
            Days(
                [],
                [
                    ["a"],
                ],
                []
            )
        );
        Assert.Equal(
            [2],
            Days(
                [],
                [
                    ["a", "b"],
                ],
                []
            )
        );
        Assert.Equal(
            [3, 2, 4],
            Days(
                [],
                [
                    ["a"],
                    ["b"],
                ],
                []
            )
        );
    }

    [Fact]
    public void The_empty_tag_is_that_of_a_snapshot_without_tags()
    {
        Assert.Equal(
            [1],
            Days(
                [],
                [
                    [""],
                ],
                []
            )
        );
        Assert.Equal(
            [1],
            Days(
                [],
                [
                    ["", "a"],
                ],
                []
            )
        );
        Assert.Empty(
            Days(
                [],
                [
                    ["a", ""],
                ],
                []
            )
        );
        Assert.Equal(
            [1, 4],
            Days(
                    [],
                    [
                        [""],
                        ["b"],
                    ],
                    []
                )
                .Except([2])
        );
        // A list without any tag asks for nothing.
        Assert.Equal(
            4,
            Days(
                [],
                [
                    [],
                ],
                []
            ).Count
        );
    }

    [Fact]
    public void Hosts_are_alternatives_and_paths_are_all_asked_for()
    {
        Assert.Equal([2, 4], Days(["wasp", "hornet"], [], []));
        Assert.Equal([3, 2], Days([], [], ["/home", "/etc"]));
        Assert.Equal(
            [2],
            Days(
                ["wasp"],
                [
                    ["a"],
                ],
                ["/home"]
            )
        );
        Assert.Equal(4, Days([], [], []).Count);
    }

    [Fact]
    public void Groups_do_not_depend_on_the_order_of_paths_and_tags()
    {
        Assert.Equal(
            [
                [1],
                [3, 2],
                [4],
            ],
            Groups(new SnapshotGrouping(false, true, false))
        );
        Assert.Equal(
            [
                [3, 1],
                [4, 2],
            ],
            Groups(new SnapshotGrouping(true, false, false))
        );
        Assert.Equal(
            [
                [1],
                [2],
                [3],
                [4],
            ],
            Groups(new SnapshotGrouping(false, false, true))
        );
        Assert.Equal(
            [
                [4, 3, 2, 1],
            ],
            Groups(new SnapshotGrouping(false, false, false))
        );
        var byTags = new SnapshotGrouping(false, false, true).Apply([
            Make(1, "x", [], ["p", "q"]),
            Make(2, "y", [], ["q", "p"]),
        ]);
        var group = Assert.Single(byTags);
        Assert.Equal(["p", "q"], group.Tags);
        Assert.Null(group.Host);
        Assert.Null(group.Paths);
    }

    private static List<int> Days(string[] hosts, string[][] tags, string[] paths) =>
        [.. s_all.Where(new SnapshotFilter(hosts, tags, paths).Matches).Select(s => s.Time.Local.Day)];

    private static IEnumerable<int[]> Groups(SnapshotGrouping grouping) =>
        grouping
            .Apply(s_all)
            .Select(group => group.Snapshots.Select(s => s.Time.Local.Day).ToArray())
            .OrderBy(days => days.Min());

    private static GoTime Day(int day) => GoTime.Parse(Encoding.ASCII.GetBytes($"2026-01-{day:D2}T10:00:00Z"));

    private static Snapshot Make(int day, string host, string[] paths, string[] tags) =>
        new()
        {
            Id = ObjectId.Of([(byte)day]),
            Time = Day(day),
            Hostname = host,
            Paths = paths,
            Tags = tags,
        };
}
