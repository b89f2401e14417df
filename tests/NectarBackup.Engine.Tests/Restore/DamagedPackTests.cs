using System.Text;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Restore;

public sealed class DamagedPackTests
{
    private static string PathOf(RestoreFault fault) => Encoding.UTF8.GetString(fault.Path);

    /// <summary>Replaces an object by changed bytes, as a rotten disk would.</summary>
    private static async Task SpoilAsync(RestoreBench bench, ObjectId pack, Action<byte[]> spoil)
    {
        var name = new ObjectName(ObjectKind.Pack, pack);
        var bytes = new byte[(await bench.Store.FindLengthAsync(name, default))!.Value];
        await bench.Store.ReadAsync(name, 0, bytes, default);
        spoil(bytes);
        await bench.Store.DeleteAsync(name, default);
        await bench.Store.PutAsync(name, ObjectContent.Of(bytes), default);
    }

    [Fact]
    public async Task each_file_that_needs_a_damaged_blob_is_named_and_the_rest_is_restored()
    {
        await using var bench = await RestoreBench.StartAsync();
        var good = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, "good"u8.ToArray());
        var bad = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, "bad!"u8.ToArray());
        var gone = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, "gone"u8.ToArray());
        var unknown = ObjectId.Of("unknown"u8);
        var tree = await ForgedTree.StoreTreeAsync(
            bench.Repository,
            ForgedTree.File("a", good),
            ForgedTree.File("b", good, bad, good),
            ForgedTree.File("c", bad),
            ForgedTree.File("d", good, gone),
            ForgedTree.File("e", good, unknown, good),
            ForgedTree.File("f", good, good)
        );
        bench.Repository.Index.TryFind(BlobType.Data, bad, out var place);
        await SpoilAsync(bench, place.Pack, bytes => bytes[20] ^= 1);
        bench.Repository.Index.TryFind(BlobType.Data, gone, out place);
        await bench.Store.DeleteAsync(new ObjectName(ObjectKind.Pack, place.Pack), default);
        var progress = await bench.RestoreAsync(tree);
        Assert.Equal(["/b", "/c", "/d", "/e"], bench.Faults.Select(PathOf).Order());
        Assert.Equal(4, progress.Faults);
        Assert.Equal(2, progress.Files);
        Assert.Equal("good|goodgood", ShellCommand.Run(bench.Target, "cat a; printf '|'; cat f"));
        // What is left of a file with a hole in its middle lies where it belongs, and the file does not pass for the one in the snapshot.
        Assert.Equal("good\0\0\0\0good", ShellCommand.Run(bench.Target, "cat b"));
        Assert.NotEqual("2020\n", ShellCommand.Run(bench.Target, "date -r b +%Y"));
        Assert.Equal("2020\n", ShellCommand.Run(bench.Target, "date -r a +%Y"));
    }

    [Fact]
    public async Task a_copy_in_another_pack_stands_in()
    {
        await using var bench = await RestoreBench.StartAsync();
        var id = await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, "twice"u8.ToArray());
        bench.Repository.Index.TryFind(BlobType.Data, id, out var first);
        await ForgedTree.StoreAsync(bench.Repository, BlobType.Data, "twice"u8.ToArray());
        Assert.Equal(2, bench.Repository.Index.FindAll(BlobType.Data, id).Count);
        await SpoilAsync(bench, first.Pack, bytes => bytes[20] ^= 1);
        var tree = await ForgedTree.StoreTreeAsync(bench.Repository, ForgedTree.File("a", id));
        await bench.RestoreAsync(tree);
        Assert.Empty(bench.Faults);
        Assert.Equal("twice", ShellCommand.Run(bench.Target, "cat a"));
    }

    [Fact]
    public async Task a_pack_that_was_cut_short_gives_what_it_still_holds()
    {
        await using var bench = await RestoreBench.StartAsync();
        ShellCommand.Run(bench.Source, "for i in $(seq 100); do head -c 5000 /dev/urandom > f$i; done");
        var tree = await bench.BackUpAsync();
        var pack = bench.Repository.Index.Locations().First(place => place.Blob.Type == BlobType.Data).Pack;
        var name = new ObjectName(ObjectKind.Pack, pack);
        var bytes = new byte[(await bench.Store.FindLengthAsync(name, default))!.Value / 2];
        await bench.Store.ReadAsync(name, 0, bytes, default);
        await bench.Store.DeleteAsync(name, default);
        await bench.Store.PutAsync(name, ObjectContent.Of(bytes), default);
        var progress = await bench.RestoreAsync(tree);
        Assert.InRange(progress.Files, 40, 60);
        Assert.Equal(100, progress.Files + bench.Faults.Count);
    }
}
