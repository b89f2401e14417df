using System.Text;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Tests.Restore;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Browse;

public sealed class BrowseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<List<string>> StepsAsync(RestoreBench bench, ObjectId tree, string? skip = null)
    {
        var steps = new List<string>();
        var walk = new TreeWalk(bench.Repository, tree, "/"u8.ToArray());
        TreeStep step;
        while ((step = await walk.NextAsync(Cancellation)) != TreeStep.End)
        {
            var path = Encoding.UTF8.GetString(walk.Path.Span);
            if (step == TreeStep.Enter && path == skip)
                walk.Skip();
            steps.Add(
                step == TreeStep.Fault
                    ? $"Fault {path}"
                    : $"{step} {path} {Encoding.UTF8.GetString(walk.Node.Name.Span)}"
            );
        }
        return steps;
    }

    [Fact]
    public async Task a_walk_goes_in_order_and_tells_when_it_leaves()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "mkdir -p a/b c; echo 1 > a/b/f; echo 2 > a/z; echo 3 > d");
        var tree = await bench.BackUpAsync();
        string[] all =
        [
            "Enter /a a",
            "Enter /a/b b",
            "Entry /a/b/f f",
            "Leave /a/b b",
            "Entry /a/z z",
            "Leave /a a",
            "Enter /c c",
            "Leave /c c",
            "Entry /d d",
        ];
        Assert.Equal(all, await StepsAsync(bench, tree));
        Assert.Equal([all[0], all[1], .. all[4..]], await StepsAsync(bench, tree, skip: "/a/b"));
    }

    [Fact]
    public async Task a_walk_names_what_it_cannot_read_and_goes_on()
    {
        await using var bench = await RestoreBench.StartAsync();
        var cut = await ForgedTree.StoreAsync(
            bench.Repository,
            BlobType.Tree,
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{ForgedTree.File("in")},{{\"name\":")
        );
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.Directory("cut", cut),
            ForgedTree.Directory("missing", ObjectId.Of("x"u8)),
            ForgedTree.File("z")
        );
        Assert.Equal(
            [
                "Enter /cut cut",
                "Entry /cut/in in",
                "Fault /cut",
                "Leave /cut cut",
                "Enter /missing missing",
                "Fault /missing",
                "Leave /missing missing",
                "Entry /z z",
            ],
            await StepsAsync(bench, tree)
        );
        Assert.Equal(["Fault /"], await StepsAsync(bench, ObjectId.Of("no tree"u8)));
    }

    [Fact]
    public async Task paths_are_found_by_bytes()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "mkdir -p $'a/b-\\xff'; echo 1 > $'a/b-\\xff/f'");
        var tree = await bench.BackUpAsync();
        byte[] path = [.. "a/./b-"u8, 0xff, .. "/../b-"u8, 0xff, .. "/f/"u8];
        var node = await SnapshotPath.FindAsync(bench.Repository, tree, path, Cancellation);
        Assert.Equal("f"u8, node!.Name.Span);
        Assert.Null(await SnapshotPath.FindAsync(bench.Repository, tree, "/"u8.ToArray(), Cancellation));
        Assert.Null(await SnapshotPath.FindAsync(bench.Repository, tree, "../.."u8.ToArray(), Cancellation));
        var error = await Assert.ThrowsAsync<RepositoryException>(() =>
            SnapshotPath.FindAsync(bench.Repository, tree, "a/none"u8.ToArray(), Cancellation)
        );
        Assert.Equal(RepositoryError.NoSuchItem, error.Error);
        error = await Assert.ThrowsAsync<RepositoryException>(() =>
            SnapshotPath.FindTreeAsync(bench.Repository, tree, path, Cancellation)
        );
        Assert.Equal(RepositoryError.Refused, error.Error);
        Assert.Equal(("1234", "/x:y"), Text(SnapshotPath.Split("1234:/x:y")));
        Assert.Equal(("latest", ""), Text(SnapshotPath.Split("latest")));
        static (string, string) Text((string Id, byte[] Path) split) => (split.Id, Encoding.UTF8.GetString(split.Path));
    }

    [Fact]
    public async Task a_file_is_read_at_any_place()
    {
        await using var bench = await RestoreBench.StartAsync();
        var bytes = new byte[9_000_000];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(Path.Combine(bench.Source, "f"), bytes, Cancellation);
        var tree = await bench.BackUpAsync();
        var node = (await SnapshotPath.FindAsync(bench.Repository, tree, "f"u8.ToArray(), Cancellation))!;
        Assert.True(node.Content.WrittenCount > 2);
        await using var content = FileContentStream.Open(bench.Repository, node.Content.WrittenSpan);
        Assert.Equal(bytes.Length, content.Length);
        using var whole = new MemoryStream();
        await content.CopyToAsync(whole, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(whole.ToArray()));
        var random = new Random(2);
        for (var i = 0; i < 50; i++)
        {
            var at = random.Next(bytes.Length);
            var buffer = new byte[random.Next(1, 100_000)];
            content.Position = at;
            var count = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, Cancellation);
            Assert.Equal(Math.Min(buffer.Length, bytes.Length - at), count);
            Assert.True(bytes.AsSpan(at, count).SequenceEqual(buffer.AsSpan(0, count)));
        }
        content.Seek(0, SeekOrigin.End);
        Assert.Equal(0, content.Read(new byte[1]));
    }

    [Fact]
    public async Task a_tar_of_oddities_is_unpacked_by_gnu_tar_as_it_was()
    {
        await using var bench = await RestoreBench.StartAsync();
        OddityTree.Create(bench.Source);
        // Tar has no sockets, and GNU tar makes no path that is longer than one system call takes.
        ShellCommand.Run(bench.Source, "rm -r special/socket d*; touch -d @3 special");
        var tree = await bench.BackUpAsync();
        var path = Path.Combine(bench.Target, "..", "a.tar");
        await using (var output = File.Create(path))
            await TreeDump.WriteTarAsync(bench.Repository, tree, default, output, Cancellation);
        ShellCommand.Run(bench.Target, "tar -tvf ../a.tar > ../list");
        ShellCommand.Run(
            bench.Target,
            "tar -xpf ../a.tar --xattrs --xattrs-include='*' --numeric-owner --same-owner --delay-directory-restore"
        );
        Assert.Equal(Comparable(TreeFingerprint.Of(bench.Source)), Comparable(TreeFingerprint.Of(bench.Target)));
    }

    // GNU tar 1.34 cannot set attributes with empty values.
    private static string Comparable(string fingerprint) =>
        string.Join(
            '\n',
            fingerprint.Split('\n').Where(line => !line.Contains("user.empty", StringComparison.Ordinal))
        );

    [Fact]
    public async Task a_zip_is_unpacked_by_other_programs()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "mkdir -p d/empty; echo one > d/one; chmod 750 d/one; ln -s one d/link; head -c 3000000 /dev/urandom > large; echo u > $'\\xc3\\xa9'; echo b > $'b\\xff'"
        );
        var tree = await bench.BackUpAsync();
        await using (var output = File.Create(Path.Combine(bench.Target, "..", "a.zip")))
            await ZipDump.WriteAsync(bench.Repository, tree, "top"u8.ToArray(), output, Cancellation);
        ShellCommand.Run(bench.Target, "python3 -m zipfile -t ../a.zip; LC_ALL=C.UTF-8 unzip -q ../a.zip");
        ShellCommand.Run(
            bench.Target,
            "cmp top/large ../source/large; test -d top/d/empty; cmp top/$'\\xc3\\xa9' ../source/$'\\xc3\\xa9'"
        );
        Assert.Equal("one\n750\n", ShellCommand.Run(bench.Target, "readlink top/d/link; stat -c %a top/d/one"));
        Assert.Equal("b\n", ShellCommand.Run(bench.Target, "cat 'top/b\\xff'"));
    }

    [Theory]
    [InlineData("*.txt", false, "/a/one.txt")]
    [InlineData("*.TXT", true, "/a/Two.TXT /a/one.txt")]
    [InlineData("/a/[a-m]*", false, "/a/dir /a/dir/x")]
    [InlineData("dir/?", false, "/a/dir/x")]
    [InlineData("nothing", false, "")]
    public async Task entries_are_found_by_patterns(string pattern, bool ignoreCase, string expected)
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "mkdir -p a/dir; touch a/one.txt a/Two.TXT a/dir/x");
        var tree = await bench.BackUpAsync();
        var query = new FindQuery();
        query.AddPattern(Encoding.UTF8.GetBytes(pattern), ignoreCase);
        Assert.Equal(expected, await FindAsync(bench, tree, query));
    }

    [Fact]
    public async Task entries_are_found_by_time_and_by_blob()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "for i in 1 2 3; do echo $i > f$i; touch -d @${i}000 f$i; done; cp f2 g; mkdir d"
        );
        var tree = await bench.BackUpAsync();
        var query = new FindQuery { Oldest = new NodeTime(2000, 0), Newest = new NodeTime(2000, 0) };
        query.AddPattern("f*"u8, false);
        Assert.Equal("/f2", await FindAsync(bench, tree, query));
        var blob = ObjectId.Of("2\n"u8);
        var found = new List<string>();
        HashSet<ObjectId> wanted = [blob, EmptyTree.Id];
        await foreach (var entry in TreeFind.BlobsAsync(bench.Repository, tree, wanted, NoFault, Cancellation))
            found.Add($"{Encoding.UTF8.GetString(entry.Path.Span)} {entry.Type}");
        Assert.Equal(["/d Tree", "/f2 Data", "/g Data"], found);
        bench.Repository.Index.TryFind(BlobType.Data, blob, out var place);
        Assert.Contains(blob, TreeFind.BlobsOf(bench.Repository, place.Pack));
    }

    private static void NoFault(ReadOnlyMemory<byte> path, Exception cause) => Assert.Fail(cause.Message);

    private static async Task<string> FindAsync(RestoreBench bench, ObjectId tree, FindQuery query)
    {
        var found = new List<string>();
        await foreach (var entry in TreeFind.EntriesAsync(bench.Repository, tree, query, NoFault, Cancellation))
            found.Add(Encoding.UTF8.GetString(entry.Path.Span));
        return string.Join(' ', found);
    }

    [Fact]
    public async Task a_diff_names_and_counts_what_differs()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(
            bench.Source,
            "mkdir -p same/below gone changed; echo s > same/below/s; echo g > gone/g; echo c > changed/c; echo t > type; echo m > mode; ln -s x link"
        );
        var first = await bench.BackUpAsync();
        ShellCommand.Run(
            bench.Source,
            "rm -r gone type; mkdir type; echo cc > changed/c; chmod 600 mode; ln -sfn y link; mkdir new; echo n > new/n"
        );
        var second = await bench.BackUpAsync();
        var diff = new SnapshotDiff(bench.Repository) { WithMetadata = true, OnFault = NoFault };
        var lines = new List<string>();
        await foreach (var entry in diff.CompareAsync(first, second, Cancellation))
            lines.Add($"{Encoding.UTF8.GetString(entry.Path.Span)} {entry.Kind & ~DiffKind.MetadataChanged}");
        Assert.Equal(
            [
                "/changed/c Modified",
                "/gone Removed",
                "/gone/g Removed",
                "/link Modified",
                "/mode None",
                "/new Added",
                "/new/n Added",
                "/type TypeChanged",
            ],
            lines
        );
        Assert.Equal(
            (1, 1, 1, 1),
            (diff.Added.Files, diff.Added.Directories, diff.Removed.Files, diff.Removed.Directories)
        );
        Assert.Equal(1, diff.ChangedFiles);
        // "cc" and "n" came; "g", "c" and "t" went.
        Assert.Equal((2, 3), (diff.Added.DataBlobs, diff.Removed.DataBlobs));
    }
}
