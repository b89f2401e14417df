using System.Globalization;
using NectarBackup.Testing;

namespace NectarBackup.Standalone.Tests;

public sealed class ExitCodeTests
{
    [Fact]
    public async Task An_unknown_command_option_or_location_is_an_error_of_one_line()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        foreach (
            var args in new[]
            {
                ["nonsense"],
                ["ls", "--bad"],
                ["ls"],
                ["backup"],
                ["forget"],
                new[] { "backup", "-q" },
            }
        )
        {
            var outcome = await nectar.RunAsync(args);
            Assert.Equal(1, outcome.Code);
            Assert.StartsWith("nectar: ", outcome.Errors);
            Assert.Single(outcome.Errors.TrimEnd().Split('\n'));
            Assert.Empty(outcome.Output);
        }
    }

    [Fact]
    public async Task No_repository_is_10_and_a_wrong_password_12()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        Assert.Equal(10, (await nectar.RunAsync("-r", nectar["none"], "snapshots")).Code);
        var wrong = new Dictionary<string, string>
        {
            ["NECTAR_REPOSITORY"] = nectar["repo"],
            ["NECTAR_PASSWORD"] = "x",
        };
        Assert.Equal(12, (await nectar.RunAsync(wrong, "snapshots")).Code);
        var json = await nectar.RunAsync(wrong, "snapshots", "--json");
        Assert.Contains("\"message_type\":\"exit_error\",\"code\":12", json.Errors);
    }

    [Fact]
    public async Task What_cannot_be_read_makes_the_backup_partial_and_its_lack_an_error()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var partial = await nectar.RunAsync("backup", "src", "missing");
        Assert.Equal(3, partial.Code);
        Assert.Contains("missing", partial.Errors);
        Assert.Contains("saved", partial.Output);
        Assert.Equal(1, (await nectar.RunAsync("backup", "missing")).Code);
        Assert.Single((await nectar.DoAsync("list", "snapshots")).Lines);
    }

    // Only TERM: a shell that runs the tests in the background has its children ignore INT, and nohup HUP; the program then rightly keeps ignoring them.
    [Theory]
    [InlineData("TERM")]
    public async Task A_running_backup_keeps_a_prune_out_and_stops_cleanly_when_asked(string signal)
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        // It waits for standard input, which stays silent, and holds its lock meanwhile.
        using var backup = nectar.Start(nectar.Environment, "backup", "--stdin");
        while (!Directory.EnumerateFiles(nectar["repo/locks"]).Any())
            await Task.Delay(20);
        await Task.Delay(400);
        var prune = await nectar.RunAsync("prune");
        Assert.Equal(11, prune.Code);
        Assert.Contains(backup.Id.ToString(CultureInfo.InvariantCulture), prune.Errors);
        ShellCommand.Run("/", $"kill -{signal} {backup.Id}");
        var outcome = await Nectar.EndAsync(backup);
        Assert.Equal(130, outcome.Code);
        Assert.Equal("nectar: interrupted\n", outcome.Errors);
        Assert.Empty(Directory.EnumerateFiles(nectar["repo/locks"]));
        Assert.Empty((await nectar.DoAsync("list", "snapshots")).Lines);
    }
}
