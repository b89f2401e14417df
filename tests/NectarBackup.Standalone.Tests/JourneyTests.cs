using NectarBackup.Testing;

namespace NectarBackup.Standalone.Tests;

public sealed class JourneyTests
{
    [Fact]
    public async Task Files_come_back_as_they_were_whatever_their_names()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        ShellCommand.Run(nectar["src"], @"printf odd > $'no\xffutf8'; printf at > @response; mkfifo pipe");
        await nectar.DoAsync("backup", "src", "--exclude", "pipe");
        await nectar.DoAsync("restore", "latest", "--target", nectar["out"], "--verify");
        ShellCommand.Run(nectar["."], "rm src/pipe; diff -r --no-dereference src out/src");
        Assert.Equal("hello\n", (await nectar.DoAsync("dump", "latest", "/src/a")).Output);
        await nectar.DoAsync("dump", "latest", "/src", "-t", nectar["all.tar"]);
        Assert.Equal("there\n", ShellCommand.Run(nectar["."], "tar -xOf all.tar src/sub/b"));

        // Bytes that are no UTF-8 survive the command line.
        var start = $"NECTAR_REPOSITORY={nectar["repo"]} NECTAR_PASSWORD='{Nectar.Password}' {Nectar.Program}";
        ShellCommand.Run(nectar["src"], $"{start} backup $'no\\xffutf8' @response");
        var names = ShellCommand.Run(nectar["."], $"{start} ls latest");
        Assert.Contains("/no\u00ffutf8\n", names);
        Assert.Contains("/@response\n", names);
    }

    [Fact]
    public async Task Retention_and_prune_leave_a_sound_repository()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "src");
        await File.WriteAllTextAsync(nectar["src/a"], "changed\n");
        await nectar.DoAsync("backup", "src");
        var diff = await nectar.DoAsync("diff", "latest~1", "latest");
        Assert.Contains("M    /src/a", diff.Lines);
        await nectar.DoAsync("tag", "--add", "keep", "latest");
        Assert.Contains("keep", (await nectar.DoAsync("snapshots")).Output);
        await nectar.DoAsync("forget", "--keep-last", "1", "--prune", "--max-unused", "0%");
        Assert.Single((await nectar.DoAsync("list", "snapshots")).Lines);
        Assert.Contains("no errors were found", (await nectar.DoAsync("check", "--read-data")).Output);
        Assert.Equal(5, (await nectar.DoAsync("stats", "--json")).Json.GetProperty("total_file_count").GetInt32());
        await nectar.DoAsync("repair", "index", "--read-all-packs");
        await nectar.DoAsync("repair", "snapshots");
        Assert.Contains("no errors were found", (await nectar.DoAsync("check")).Output);
    }

    [Fact]
    public async Task Standard_input_and_lists_of_files_are_backed_up()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        var start = $"NECTAR_REPOSITORY={nectar["repo"]} NECTAR_PASSWORD='{Nectar.Password}' {Nectar.Program}";
        ShellCommand.Run(nectar["."], $"seq 100000 | {start} backup --stdin --stdin-filename /db/dump.sql");
        Assert.Equal("100000\n", ShellCommand.Run(nectar["."], $"{start} dump latest /db/dump.sql | tail -1"));
        ShellCommand.Run(nectar["."], $"find src -type f -print0 | {start} backup --files-from-raw -");
        var names = (await nectar.DoAsync("ls", "latest")).Lines[1..];
        Assert.Equal(["/src", "/src/a", "/src/sub", "/src/sub/b"], names);
    }

    [Fact]
    public async Task Unchanged_sources_make_no_snapshot_if_asked()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "src");
        var again = await nectar.DoAsync("backup", "src", "--skip-if-unchanged");
        Assert.Contains("skipped creating snapshot", again.Lines);
        var forced = await nectar.DoAsync("backup", "src", "--force", "--time", "2020-02-03 04:05:06");
        Assert.Contains("Files:           2 new,     0 changed,     0 unmodified", forced.Lines);
        Assert.Contains("2020-02-03 04:05:06", (await nectar.DoAsync("snapshots")).Output);
    }

    [Fact]
    public async Task A_damaged_pack_is_repaired_and_the_snapshots_after_it()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "src");
        var blob = (await nectar.DoAsync("cat", "tree", "latest:/src/sub"))
            .Json.GetProperty("nodes")[0]
            .GetProperty("content")[0]
            .GetString()!;
        var lines = (await nectar.DoAsync("find", "--blob", blob, "--show-pack-id")).Lines;
        var pack = lines[4]["Object belongs to pack ".Length..];
        var offset = lines[5].Split("offset ")[1].Split(',')[0];
        ShellCommand.Run(
            nectar["repo/data"],
            $"chmod u+w */{pack}; printf X | dd of=$(echo */{pack}) bs=1 seek=$(({offset} + 20)) conv=notrunc 2>/dev/null"
        );
        Assert.Equal(1, (await nectar.RunAsync("check", "--read-data")).Code);
        var repaired = await nectar.DoAsync("repair", "packs", pack[..8]);
        Assert.Contains("blobs saved, 1 lost", repaired.Output);
        await nectar.DoAsync("repair", "snapshots", "--forget");
        await nectar.DoAsync("prune");
        Assert.Contains("no errors were found", (await nectar.DoAsync("check", "--read-data")).Output);
        Assert.Equal("hello\n", (await nectar.DoAsync("dump", "latest", "/src/a")).Output);
    }
}
