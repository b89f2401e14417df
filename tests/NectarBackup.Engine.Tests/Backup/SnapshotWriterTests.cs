using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Backup;

public sealed class SnapshotWriterTests
{
    private static async Task<Repository> Open(IObjectStore? store = null) =>
        await QuickRepository.InitAsync(
            store ?? new MemoryStore(),
            "x"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            default
        );

    private static Node NodeOf(string name, NodeType type) =>
        new()
        {
            Name = System.Text.Encoding.UTF8.GetBytes(name),
            Type = type,
            Mode = 0b110_100_100,
        };

    private static byte[] Random(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static void AddFile(
        ContentWriter content,
        DirectoryBuilder directory,
        string name,
        ReadOnlySpan<byte> bytes
    )
    {
        content.BeginFile(directory);
        content.Write(bytes);
        content.EndFile(NodeOf(name, NodeType.File));
    }

    private static async Task<byte[]> Load(Repository repository, ObjectId tree, string path)
    {
        foreach (var part in path.Split('/'))
        {
            var reader = new TreeReader(await repository.Blobs.LoadAsync(BlobType.Tree, tree, default), "tree");
            var node = new Node();
            while (true)
            {
                Assert.True(reader.Read(node), $"{part} is missing");
                if (System.Text.Encoding.UTF8.GetString(node.Name.Span) == part)
                    break;
            }
            if (node.Type == NodeType.Directory)
            {
                tree = node.Subtree!.Value;
                continue;
            }
            var content = new List<byte>();
            foreach (var id in node.Content.WrittenSpan.ToArray())
                content.AddRange(await repository.Blobs.LoadAsync(BlobType.Data, id, default));
            Assert.Equal((ulong)content.Count, node.Size);
            return [.. content];
        }
        return [];
    }

    [Fact]
    public async Task Files_of_every_size_come_back_as_they_were()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(
            repository,
            new SnapshotWriterOptions { VerifyAll = true },
            default
        );
        var content = writer.NewContentWriter();
        int[] sizes = [0, 1, 63, 4096, 524_287, 524_288, 524_289, 3_000_000, 20_000_000];
        for (var i = 0; i < sizes.Length; i++)
            AddFile(content, writer.Root, $"f{i}", Random(i, sizes[i]));
        var below = content.OpenDirectory(writer.Root, NodeOf("sub", NodeType.Directory));
        AddFile(content, below, "inside", "hello"u8);
        content.CloseDirectory(below);
        content.Flush();
        var tree = await writer.FinishAsync(default);

        var again = await Repository.OpenAsync(repository.Store, "x"u8.ToArray(), default);
        await again.LoadIndexAsync(default);
        for (var i = 0; i < sizes.Length; i++)
            Assert.Equal(Random(i, sizes[i]), await Load(again, tree, $"f{i}"));
        Assert.Equal("hello"u8.ToArray(), await Load(again, tree, "sub/inside"));
    }

    [Fact]
    public async Task The_same_content_is_stored_once_and_a_second_writer_adds_nothing()
    {
        var repository = await Open();
        var stored = new List<long>();
        ObjectId first = default;
        for (var round = 0; round < 2; round++)
        {
            await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
            var content = writer.NewContentWriter();
            for (var i = 0; i < 5; i++)
                AddFile(content, writer.Root, $"f{i}", Random(7, 1_000_000));
            content.Flush();
            var tree = await writer.FinishAsync(default);
            Assert.True(round == 0 || tree == first);
            first = tree;
            stored.Add(writer.Progress.BytesStored);
        }
        Assert.InRange(stored[0], 1_000_000, 1_010_000);
        Assert.Equal(0, stored[1]);
    }

    [Fact]
    public async Task A_huge_hole_costs_one_chunk()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
        var content = writer.NewContentWriter();
        content.BeginFile(writer.Root);
        content.Write("start"u8);
        content.WriteZeros(10L << 30);
        content.Write("end"u8);
        content.EndFile(NodeOf("sparse", NodeType.File));
        content.Flush();
        await writer.FinishAsync(default);
        Assert.InRange(writer.Progress.DataBlobsAdded, 2, 4);
        Assert.InRange(writer.Progress.BytesStored, 1, 4096);
    }

    [Fact]
    public async Task Zeros_in_a_hole_and_zeros_that_were_read_give_the_same_file()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
        var content = writer.NewContentWriter();
        var head = Random(1, 700_000);
        content.BeginFile(writer.Root);
        content.Write(head);
        content.WriteZeros(5_000_001);
        content.Write(head);
        content.EndFile(NodeOf("a", NodeType.File));
        AddFile(content, writer.Root, "b", [.. head, .. new byte[5_000_001], .. head]);
        content.Flush();
        var tree = await writer.FinishAsync(default);
        var json = System.Text.Encoding.UTF8.GetString(await repository.Blobs.LoadAsync(BlobType.Tree, tree, default));
        var contents = json.Split("\"content\":").Skip(1).Select(part => part[..part.IndexOf(']')]).ToArray();
        Assert.Equal(contents[0], contents[1]);
        Assert.Equal((byte[])[.. head, .. new byte[5_000_001], .. head], await Load(repository, tree, "a"));
    }

    [Fact]
    public async Task Names_may_come_in_any_order_and_the_tree_has_them_sorted()
    {
        var repository = await Open();
        ObjectId?[] trees = [null, null];
        string[][] orders =
        [
            ["a", "b", "c"],
            ["c", "a", "b"],
        ];
        for (var i = 0; i < 2; i++)
        {
            await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
            var content = writer.NewContentWriter();
            foreach (var name in orders[i])
                AddFile(content, writer.Root, name, "x"u8);
            content.Flush();
            trees[i] = await writer.FinishAsync(default);
        }
        Assert.Equal(trees[0], trees[1]);
    }

    [Fact]
    public async Task An_abandoned_file_leaves_no_node_and_harms_no_other()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
        var content = writer.NewContentWriter();
        content.BeginFile(writer.Root);
        content.Write(Random(1, 15_000_000));
        content.AbandonFile();
        AddFile(content, writer.Root, "good", Random(2, 900_000));
        content.Flush();
        var tree = await writer.FinishAsync(default);
        Assert.Equal(Random(2, 900_000), await Load(repository, tree, "good"));
    }

    [Fact]
    public async Task Several_threads_fill_several_directories()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions { Workers = 3 }, default);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 4),
            async (number, _) =>
            {
                await Task.Yield();
                var content = writer.NewContentWriter();
                var directory = content.OpenDirectory(writer.Root, NodeOf($"d{number}", NodeType.Directory));
                for (var i = 0; i < 50; i++)
                    AddFile(content, directory, $"f{i:d2}", Random(number * 100 + i, 30_000));
                content.CloseDirectory(directory);
                content.Flush();
            }
        );
        var tree = await writer.FinishAsync(default);
        for (var number = 0; number < 4; number++)
            Assert.Equal(Random(number * 100 + 49, 30_000), await Load(repository, tree, $"d{number}/f49"));
    }

    [Fact]
    public async Task A_directory_left_open_is_an_error_and_no_snapshot()
    {
        var repository = await Open();
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default);
        var content = writer.NewContentWriter();
        content.OpenDirectory(writer.Root, NodeOf("open", NodeType.Directory));
        await Assert.ThrowsAsync<InvalidOperationException>(() => writer.FinishAsync(default));
    }
}
