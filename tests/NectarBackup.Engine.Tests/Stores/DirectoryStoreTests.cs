using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Stores;

public sealed class DirectoryStoreTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private async Task<DirectoryStore> CreatedAsync()
    {
        var store = new DirectoryStore(_directory["r"]);
        await store.CreateAsync(Cancellation);
        return store;
    }

    private static (ObjectName Name, byte[] Bytes) Pack(int seed, int length = 1000)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return (new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes)), bytes);
    }

    private static async Task<List<ObjectInfo>> ListAsync(DirectoryStore store, ObjectKind kind)
    {
        List<ObjectInfo> found = [];
        await foreach (var info in store.ListAsync(kind, Cancellation))
            found.Add(info);
        return found;
    }

    [Fact]
    public async Task The_layout_is_that_of_restic()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Pack(1);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);

        Assert.Equal(256, Directory.GetDirectories(_directory["r/data"]).Length);
        foreach (var kind in (string[])["keys", "locks", "snapshots", "index", "data", "data/00", "data/ff"])
            Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(_directory["r/" + kind]));
        var file = _directory[$"r/data/{name.Id.ToString()[..2]}/{name.Id}"];
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file, Cancellation));
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(file));
        Assert.False(Directory.Exists(_directory["r/tmp"]));
    }

    [Fact]
    public async Task A_spool_file_gets_the_mode_of_an_object()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Pack(2);
        var spool = Path.Combine(store.SpoolDirectory!, "a");
        await File.WriteAllBytesAsync(spool, bytes, Cancellation);
        await store.PutAsync(name, ObjectContent.OfSpoolFile(spool, bytes.Length), Cancellation);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(_directory["r/" + name.Path]));
    }

    [Fact]
    public async Task Nothing_but_objects_in_their_place_is_listed()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Pack(3);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var place = _directory["r/" + name.Path];
        await File.WriteAllTextAsync(place + "-tmp-1", "half", Cancellation);
        await File.WriteAllTextAsync(_directory["r/data/stray"], "", Cancellation);
        var wrong = name.Id.First == 7 ? "08" : "07";
        File.Copy(place, _directory[$"r/data/{wrong}/{name.Id}"]);
        Directory.CreateDirectory(_directory[$"r/snapshots/{name.Id}"]);
        Assert.Equal([new ObjectInfo(name, 1000)], await ListAsync(store, ObjectKind.Pack));
        Assert.Empty(await ListAsync(store, ObjectKind.Snapshot));
    }

    [Fact]
    public async Task An_empty_file_is_listed_because_it_is_damage()
    {
        await using var store = await CreatedAsync();
        var name = new ObjectName(ObjectKind.Index, Pack(4).Name.Id);
        await File.WriteAllBytesAsync(_directory["r/" + name.Path], [], Cancellation);
        Assert.Equal([new ObjectInfo(name, 0)], await ListAsync(store, ObjectKind.Index));
    }

    [Fact]
    public async Task A_missing_root_is_no_empty_repository()
    {
        await using var store = new DirectoryStore(_directory["nowhere"]);
        var error = await Assert.ThrowsAsync<StoreException>(() => ListAsync(store, ObjectKind.Snapshot));
        Assert.True(error.IsNotFound);
    }

    [Fact]
    public async Task A_missing_pack_directory_is_made()
    {
        await using var store = await CreatedAsync();
        foreach (var directory in Directory.GetDirectories(_directory["r/data"]))
            Directory.Delete(directory);
        Assert.Empty(await ListAsync(store, ObjectKind.Pack));
        var (first, bytes) = Pack(5);
        await store.PutAsync(first, ObjectContent.Of(bytes), Cancellation);
        var (second, more) = Pack(6);
        var spool = Path.Combine(store.SpoolDirectory!, "a");
        await File.WriteAllBytesAsync(spool, more, Cancellation);
        await store.PutAsync(second, ObjectContent.OfSpoolFile(spool, more.Length), Cancellation);
        Assert.Equal(2, (await ListAsync(store, ObjectKind.Pack)).Count);
    }

    [Fact]
    public async Task More_packs_are_read_than_may_be_open()
    {
        await using var store = await CreatedAsync();
        var packs = Enumerable.Range(100, DirectoryStore.MaxOpenPacks * 2).Select(static i => Pack(i)).ToArray();
        foreach (var (name, bytes) in packs)
            await File.WriteAllBytesAsync(_directory["r/" + name.Path], bytes, Cancellation);
        await Parallel.ForAsync(
            0,
            2000,
            Cancellation,
            async (i, token) =>
            {
                var (name, bytes) = packs[i * 31 % packs.Length];
                var back = new byte[10];
                await store.ReadAsync(name, i % 990, back, token);
                Assert.Equal(bytes[(i % 990)..(i % 990 + 10)], back);
            }
        );
        var open = Directory
            .GetFiles("/proc/self/fd")
            .Count(fd => new FileInfo(fd).LinkTarget?.StartsWith(_directory.Path, StringComparison.Ordinal) == true);
        Assert.InRange(open, 1, DirectoryStore.MaxOpenPacks);
    }

    [Fact]
    public async Task A_deleted_pack_is_not_read_through_its_open_file()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Pack(7);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        await store.ReadAsync(name, 0, new byte[1], Cancellation);
        await store.DeleteAsync(name, Cancellation);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(name, 0, new byte[1], Cancellation));
        Assert.True(error.IsNotFound);
    }

    [Fact]
    public async Task Spool_files_of_dead_owners_are_swept_and_those_of_living_ones_stay()
    {
        await using var living = await CreatedAsync();
        var kept = Path.Combine(living.SpoolDirectory!, "pack");
        await File.WriteAllTextAsync(kept, "in use", Cancellation);
        var dead = Path.Combine(_directory["r/tmp"], $"nectar-spool-{Environment.MachineName}.0");
        var foreign = Path.Combine(_directory["r/tmp"], "nectar-spool-elsewhere.0");
        var old = Path.Combine(_directory["r/tmp"], "nectar-spool-elsewhere.1");
        foreach (var area in (string[])[dead, foreign, old])
        {
            Directory.CreateDirectory(area);
            await File.WriteAllTextAsync(Path.Combine(area, "owner"), "", Cancellation);
            await File.WriteAllTextAsync(Path.Combine(area, "pack"), "left behind", Cancellation);
        }
        Directory.SetLastWriteTimeUtc(old, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        await using var next = new DirectoryStore(_directory["r"]);
        _ = next.SpoolDirectory;

        Assert.True(File.Exists(kept));
        Assert.True(Directory.Exists(foreign));
        Assert.False(Directory.Exists(dead));
        Assert.False(Directory.Exists(old));
    }
}
