using System.Diagnostics;
using System.Security.Cryptography;
using NectarBackup.Testing;

namespace NectarBackup.Standalone.Tests;

/// <summary>What comes in from programs and terminals, and how fast it goes out.</summary>
public sealed class InputTests
{
    [Fact]
    public async Task The_output_of_a_command_is_backed_up_without_a_shell()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "--stdin-from-command", "--stdin-filename", "x", "--", "echo", "$HOME;", "-v");
        Assert.Equal("$HOME; -v\n", (await nectar.DoAsync("dump", "latest", "/x")).Output);
    }

    [Fact]
    public async Task A_command_that_fails_makes_no_snapshot()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        string[] start = ["backup", "--stdin-from-command", "--"];
        var failed = await nectar.RunAsync([.. start, "sh", "-c", "echo half; exit 3"]);
        Assert.Equal(1, failed.Code);
        Assert.Equal("nectar: the command sh failed with exit code 3; no snapshot was made\n", failed.Errors);
        Assert.Equal(1, (await nectar.RunAsync([.. start, "/no/such/program"])).Code);
        Assert.Equal(1, (await nectar.RunAsync(start)).Code);
        Assert.Empty((await nectar.DoAsync("list", "snapshots")).Lines);
        Assert.Empty(Directory.EnumerateFiles(nectar["repo/locks"]));
    }

    [Fact]
    public async Task An_interrupted_backup_ends_its_command()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        string[] args = ["backup", "--stdin-from-command", "--", "sh", "-c", "echo $$ > started; sleep 300"];
        using var backup = nectar.Start(nectar.Environment, args);
        while (!File.Exists(nectar["started"]) || new FileInfo(nectar["started"]).Length == 0)
            await Task.Delay(20);
        ShellCommand.Run("/", $"kill -TERM {backup.Id}");
        Assert.Equal(130, (await Nectar.EndAsync(backup)).Code);
        var child = (await File.ReadAllTextAsync(nectar["started"])).Trim();
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task An_upload_limit_is_kept()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        // Several packs' worth in small steps is not needed: a put waits for the debt that those before it have made.
        await File.WriteAllBytesAsync(nectar["src/noise"], RandomNumberGenerator.GetBytes(600 << 10));
        var watch = Stopwatch.StartNew();
        await nectar.DoAsync("backup", "src", "--limit-upload", "200");
        // The first second's worth is free: 600 KiB at 200 KiB/s take 2 s at least.
        Assert.InRange(watch.Elapsed.TotalSeconds, 1.8, 60);
    }

    [Fact]
    public async Task A_terminal_is_asked_for_the_password_and_does_not_show_it()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        // script(1) gives the program a terminal and types what it reads.
        var shown = ShellCommand.Run(
            nectar["."],
            $"(sleep 2; printf '{Nectar.Password}\\n'; sleep 4) | env -u NECTAR_PASSWORD "
                + $"script -qec '{Nectar.Program} -r {nectar["repo"]} list keys' /dev/null"
        );
        Assert.Contains("enter password for repository: ", shown);
        Assert.Matches("[0-9a-f]{64}", shown);
        var after = shown[(shown.IndexOf("repository: ", StringComparison.Ordinal) + 12)..];
        Assert.DoesNotContain(Nectar.Password, after);
    }
}
