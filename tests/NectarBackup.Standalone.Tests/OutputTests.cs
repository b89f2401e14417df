using System.Text.Json;

namespace NectarBackup.Standalone.Tests;

/// <summary>The fields are those that restic 0.18.0 wrote for the same files, in its order.</summary>
public sealed class OutputTests
{
    private static string Names(JsonElement json) => string.Join(' ', json.EnumerateObject().Select(p => p.Name));

    [Fact]
    public async Task A_backup_in_json_ends_with_restics_summary()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var summary = (await nectar.DoAsync("backup", "--json", "src")).Json;
        Assert.Equal(
            "message_type files_new files_changed files_unmodified dirs_new dirs_changed dirs_unmodified data_blobs tree_blobs data_added "
                + "data_added_packed total_files_processed total_bytes_processed total_duration backup_start backup_end snapshot_id",
            Names(summary)
        );
        Assert.Equal("summary", summary.GetProperty("message_type").GetString());
        Assert.Equal(2, summary.GetProperty("files_new").GetInt32());
        Assert.Equal(12, summary.GetProperty("total_bytes_processed").GetInt32());

        var again = (await nectar.DoAsync("backup", "--json", "src")).Json;
        Assert.Equal(2, again.GetProperty("files_unmodified").GetInt32());
        var dry = (await nectar.DoAsync("backup", "--json", "-n", "src")).Json;
        Assert.True(dry.GetProperty("dry_run").GetBoolean());
        Assert.False(dry.TryGetProperty("snapshot_id", out _));
    }

    [Fact]
    public async Task Snapshots_entries_and_finds_in_json_have_restics_fields()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "src", "--tag", "t1,t2", "-H", "box");
        var snapshot = (await nectar.DoAsync("snapshots", "--json")).Json[0];
        var owner = snapshot.TryGetProperty("uid", out _) ? "uid gid " : "";
        Assert.Equal(
            $"time tree paths hostname username {owner}tags program_version summary id short_id",
            Names(snapshot)
        );
        Assert.Equal("box", snapshot.GetProperty("hostname").GetString());
        Assert.Equal(nectar["src"], snapshot.GetProperty("paths")[0].GetString());

        var ls = await nectar.DoAsync("ls", "--json", "latest");
        var file = ls
            .Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Single(e => Text(e, "path") == "/src/a");
        Assert.Equal(
            "name type path uid gid size mode permissions mtime atime ctime inode message_type struct_type",
            Names(file)
        );
        var match = (await nectar.DoAsync("find", "--json", "b")).Json[0];
        Assert.Equal("matches hits snapshot", Names(match));
        Assert.Equal("/src/sub/b", Text(match.GetProperty("matches")[0], "path"));
    }

    private static string? Text(JsonElement json, string field) =>
        json.TryGetProperty(field, out var value) ? value.GetString() : null;

    [Fact]
    public async Task Lists_for_people_look_as_restics()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var backup = await nectar.DoAsync("backup", "src");
        Assert.Contains("Files:           2 new,     0 changed,     0 unmodified", backup.Lines);
        Assert.Contains("Dirs:            2 new,     0 changed,     0 unmodified", backup.Lines);
        var ls = await nectar.DoAsync("ls", "latest");
        Assert.Equal(["/src", "/src/a", "/src/l", "/src/sub", "/src/sub/b"], ls.Lines[1..]);
        Assert.EndsWith("/src/l -> a", (await nectar.DoAsync("ls", "-l", "latest")).Lines[3]);
        var table = await nectar.DoAsync("snapshots");
        Assert.StartsWith("ID        Time                 Host        Tags        Paths", table.Lines[0]);
        Assert.Equal("1 snapshots", table.Lines[^1]);
        Assert.Matches(" 12 B$", table.Lines[2]);
    }

    [Fact]
    public async Task Help_and_completion_name_every_command()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var help = await nectar.DoAsync("--help");
        var commands = help
            .Lines.SkipWhile(line => line != "Commands:")
            .Skip(1)
            .TakeWhile(line => line.StartsWith("  "))
            .Select(line => line.Trim().Split(' ')[0]);
        Assert.Equal(
            "backup cat check completion copy diff dump find forget init key list ls prune repair restore snapshots stats tag unlock version",
            string.Join(' ', commands)
        );
        var script = await nectar.DoAsync("completion", "bash");
        await File.WriteAllTextAsync(nectar["completion"], script.Output);
        var words = Testing.ShellCommand.Run(
            nectar["."],
            "source completion; COMP_WORDS=(nectar re); COMP_CWORD=1; _nectar; echo \"${COMPREPLY[@]}\"; "
                + "COMP_WORDS=(nectar key --json re); COMP_CWORD=3; _nectar; echo \"${COMPREPLY[@]}\""
        );
        Assert.StartsWith("repair restore\nremove", words);
        var backup = await nectar.DoAsync("backup", "--help");
        Assert.Contains("-x, --one-file-system", backup.Output);
        Assert.Contains("--password-file", backup.Output);
        Assert.DoesNotContain("--password ", backup.Output);
    }
}
