using System.Text;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Forget;

/// <summary>What restic would keep, and why, for policies at random: what a wrong answer removes is gone.</summary>
public sealed class RetentionTests(History history) : IClassFixture<History>
{
    private const int PoliciesEach = 14;
    private const string Distribution = "restic";
    private const string Empties = "all would go";

    /// <summary>Every restic of this machine; the distribution's must be there.</summary>
    public static TheoryData<string> Peers =>
        [Distribution, .. BackupProgram.Restics.Where(peer => peer.MinorVersion >= 18).Select(peer => peer.File)];

    [Theory, MemberData(nameof(Peers))]
    public void Restic_reads_every_snapshot_as_it_was_written(string restic)
    {
        using var json = JsonDocument.Parse(Run(restic, ["snapshots"]));
        Assert.Equal(
            history.Snapshots.Select(Describe).Order(StringComparer.Ordinal),
            json.RootElement.EnumerateArray().Select(Describe).Order(StringComparer.Ordinal)
        );
    }

    [Theory, MemberData(nameof(Peers))]
    public void Restic_keeps_and_removes_the_same_for_the_same_reasons(string restic)
    {
        var random = new Random(restic[^1]);
        for (var nr = 0; nr < PoliciesEach; nr++)
        {
            var policy = RandomPolicy.Make(random, unlimited: restic != Distribution);
            var theirs = Theirs(restic, policy);
            var ours = Ours(policy, keepsOldest: restic != Distribution);
            Assert.True(
                ours.SequenceEqual(theirs),
                $"{string.Join(' ', policy.Arguments)}\nonly ours:\n{string.Join('\n', ours.Except(theirs))}\n"
                    + $"only restic's:\n{string.Join('\n', theirs.Except(ours))}"
            );
        }
    }

    /// <summary>A line for each snapshot: its group, its id, and why it stays if it does.</summary>
    /// <param name="policy">What to ask.</param>
    /// <param name="keepsOldest">False for restic up to 0.15, which knew no such rule and emptied groups without a word.</param>
    private string[] Ours(RandomPolicy policy, bool keepsOldest)
    {
        try
        {
            var chosen = history.Snapshots.Where(policy.Filter.Matches).ToList();
            var plan = ForgetPlan.Make(chosen, policy.Retention, policy.Grouping);
            var lines = new List<string>();
            foreach (var (group, keep, remove) in plan.Groups)
            {
                var name = Name(group.Host, group.Paths ?? [], group.Tags ?? []);
                foreach (var (snapshot, reasons) in keep)
                {
                    var known = keepsOldest
                        ? reasons
                        : reasons.Where(reason => !reason.StartsWith("oldest ", StringComparison.Ordinal));
                    lines.Add($"{name} {snapshot.Id} {string.Join("; ", known)}");
                }
                lines.AddRange(remove.Select(snapshot => $"{name} {snapshot.Id} "));
            }
            return [.. lines.Order(StringComparer.Ordinal)];
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Refused)
        {
            return [Empties];
        }
    }

    private string[] Theirs(string restic, RandomPolicy policy)
    {
        string output;
        try
        {
            output = Run(restic, ["forget", "--dry-run", .. policy.Arguments]);
        }
        catch (InvalidOperationException e) when (e.Message.Contains("refusing to delete last snapshot"))
        {
            return [Empties];
        }
        // Messages may stand before the answer; no snapshot at all gives null, or none.
        var answer = output.Split('\n').LastOrDefault(line => line.StartsWith('[') || line == "null");
        if (answer is null or "null")
            return [];
        using var json = JsonDocument.Parse(answer);
        var lines = new List<string>();
        foreach (var group in json.RootElement.EnumerateArray())
        {
            var name = Name(group.GetProperty("host").GetString(), Texts(group, "paths"), Texts(group, "tags"));
            if (group.GetProperty("remove") is { ValueKind: JsonValueKind.Array } remove)
                lines.AddRange(remove.EnumerateArray().Select(item => $"{name} {item.GetProperty("id")} "));
            var kept = group.GetProperty("keep").EnumerateArray().Select(item => $"{item.GetProperty("id")}");
            var reasons = group.GetProperty("reasons").EnumerateArray().ToList();
            foreach (var (id, reason) in kept.Zip(reasons))
                lines.Add($"{name} {id} {string.Join("; ", Texts(reason, "matches"))}");
        }
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static string Name(string? host, IEnumerable<string> paths, IEnumerable<string> tags) =>
        $"{host}|{string.Join(',', paths.Order(StringComparer.Ordinal))}|{string.Join(',', tags.Order(StringComparer.Ordinal))}";

    private static string Describe(Snapshot s) =>
        string.Join(
            '|',
            [
                s.Id,
                s.Time,
                s.Tree,
                .. s.Paths!.Order(StringComparer.Ordinal),
                s.Hostname,
                s.Username,
                .. s.Tags ?? [],
                .. s.Excludes ?? [],
                s.Uid,
            ]
        );

    private static string Describe(JsonElement s) =>
        string.Join(
            '|',
            [
                s.GetProperty("id"),
                s.GetProperty("time"),
                s.GetProperty("tree"),
                .. Texts(s, "paths").Order(StringComparer.Ordinal),
                s.GetProperty("hostname"),
                s.GetProperty("username"),
                .. Texts(s, "tags"),
                .. Texts(s, "excludes"),
                s.TryGetProperty("uid", out var uid) ? uid.GetUInt32() : 0,
            ]
        );

    private static string[] Texts(JsonElement parent, string field) =>
        parent.TryGetProperty(field, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(item => item.GetString()!)]
            : [];

    private string Run(string restic, string[] arguments)
    {
        var words = string.Join(' ', arguments.Select(word => $"'{word}'"));
        var output = ShellCommand.Run(
            Path.GetDirectoryName(history.Location)!,
            $"export RESTIC_PASSWORD={History.Password}; '{restic}' -r '{history.Location}' --no-cache --json --no-lock {words}"
        );
        return Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(output));
    }
}
