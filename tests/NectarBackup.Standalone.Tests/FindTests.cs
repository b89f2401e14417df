using System.Text.Json;

namespace NectarBackup.Standalone.Tests;

/// <summary>Lines and fields as restic 0.19.1 writes them.</summary>
public sealed class FindTests
{
    [Fact]
    public async Task Entries_are_found_by_name_and_time()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        File.SetLastWriteTimeUtc(nectar["src/a"], new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        await nectar.DoAsync("backup", "src");
        Assert.Equal(["/src/a"], (await nectar.DoAsync("find", "A", "-i")).Lines[1..]);
        Assert.Empty((await nectar.DoAsync("find", "A")).Lines);
        Assert.Equal(["/src/sub", "/src/sub/b"], (await nectar.DoAsync("find", "/src/sub")).Lines[1..]);
        Assert.Equal(["/src/a"], (await nectar.DoAsync("find", "*", "--newest", "2001-02-03 04:05:06")).Lines[1..]);
        Assert.DoesNotContain("/src/a", (await nectar.DoAsync("find", "*", "-O", "2001-02-03 04:05:07")).Lines);
        Assert.Equal("[]", (await nectar.DoAsync("find", "--json", "*", "--oldest", "2100-01-01")).Lines[0]);
        Assert.Equal(1, (await nectar.RunAsync("find", "*", "--oldest", "soon")).Code);
    }

    [Fact]
    public async Task Entries_are_found_by_blob_tree_and_pack()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await nectar.DoAsync("backup", "src");
        var tree = await nectar.DoAsync("cat", "tree", "latest:/src/sub");
        var blob = tree.Json.GetProperty("nodes")[0].GetProperty("content")[0].GetString()!;

        var lines = (await nectar.DoAsync("find", "--blob", blob[..8], "--show-pack-id")).Lines;
        Assert.Equal($"Found blob {blob}", lines[0]);
        Assert.Equal(" ... in file /src/sub/b", lines[1]);
        var pack = lines[4]["Object belongs to pack ".Length..];
        var found = (await nectar.DoAsync("find", "--json", "--blob", blob)).Json[0];
        Assert.Equal("object_type id path parent_tree snapshot time", Names(found));

        var root = (await nectar.DoAsync("cat", "snapshot", "latest")).Output;
        var rootTree = JsonDocument.Parse(root).RootElement.GetProperty("tree").GetString()!;
        Assert.Contains(" ... path /", (await nectar.DoAsync("find", "--tree", rootTree)).Lines);
        Assert.Contains(" ... in file /src/sub/b", (await nectar.DoAsync("find", "--pack", pack[..8])).Lines);
        Assert.Equal(1, (await nectar.RunAsync("find", "--pack", "0123456789")).Code);
        Assert.Equal(1, (await nectar.RunAsync("find", "--pack", "--blob", blob)).Code);
        Assert.Empty((await nectar.DoAsync("find", "--blob", new string('0', 64))).Lines);
    }

    [Fact]
    public async Task A_listing_is_sorted_as_asked()
    {
        using var nectar = await Nectar.WithRepositoryAsync();
        await File.WriteAllTextAsync(nectar["src/sub/big"], "bigger than others");
        await nectar.DoAsync("backup", "src");
        Assert.Equal("/src/sub/big", (await nectar.DoAsync("ls", "latest", "--sort", "size")).Lines[^1]);
        var reversed = (await nectar.DoAsync("ls", "latest", "--reverse", "--json")).Lines[1..];
        Assert.Contains("\"path\":\"/src/sub/big\"", reversed[0]);
        Assert.Contains("\"path\":\"/src\"", reversed[^1]);
        Assert.Equal(1, (await nectar.RunAsync("ls", "latest", "--sort", "beauty")).Code);
    }

    private static string Names(JsonElement json) => string.Join(' ', json.EnumerateObject().Select(p => p.Name));
}
