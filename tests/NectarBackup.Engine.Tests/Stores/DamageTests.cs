using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;
using NectarBackup.Testing.Stores;

namespace NectarBackup.Engine.Tests.Stores;

/// <summary>Stores that give other bytes than they got: nothing of it may pass for content.</summary>
public sealed class DamageTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private static async Task<(MemoryStore Store, Dictionary<ObjectId, byte[]> Blobs)> FilledAsync()
    {
        var store = new MemoryStore();
        var repository = await QuickRepository.InitAsync(
            store,
            "x"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            Cancellation
        );
        Dictionary<ObjectId, byte[]> blobs = [];
        await using var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), Cancellation);
        var content = writer.NewContentWriter();
        for (var i = 0; i < 20; i++)
        {
            var bytes = new byte[3000 + i];
            new Random(i).NextBytes(bytes);
            content.BeginFile(writer.Root);
            content.Write(bytes);
            content.EndFile(new Node { Name = new[] { (byte)('a' + i) }, Type = NodeType.File });
            blobs[ObjectId.Of(bytes)] = bytes;
        }
        content.Flush();
        await writer.FinishAsync(Cancellation);
        return (store, blobs);
    }

    [Fact]
    public async Task A_bit_that_is_turned_over_in_a_pack_is_found()
    {
        var (store, blobs) = await FilledAsync();
        var faults = new FaultStore(store, new FaultRates { BitFlip = 0.4, Damaged = ObjectKind.Pack }, seed: 5);
        var repository = await Repository.OpenAsync(faults, "x"u8.ToArray(), Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        int right = 0,
            told = 0;
        for (var round = 0; round < 10; round++)
        {
            foreach (var (id, bytes) in blobs)
            {
                try
                {
                    Assert.Equal(bytes, await repository.Blobs.LoadAsync(BlobType.Data, id, Cancellation));
                    right++;
                }
                catch (RepositoryException)
                {
                    told++;
                }
            }
        }
        Assert.True(right > 20 && faults.Faults > 20, $"{right} right, {told} told, {faults.Faults} faults");
    }

    [Theory]
    [InlineData(ObjectKind.Config)]
    [InlineData(ObjectKind.Index)]
    public async Task A_bit_that_is_turned_over_in_what_describes_a_repository_is_found(ObjectKind kind)
    {
        var (store, _) = await FilledAsync();
        var faults = new FaultStore(store, new FaultRates { BitFlip = 1, Damaged = kind }, seed: 5);
        await Assert.ThrowsAsync<RepositoryException>(async () =>
        {
            var repository = await Repository.OpenAsync(faults, "x"u8.ToArray(), Cancellation);
            await repository.LoadIndexAsync(Cancellation);
        });
    }

    [Fact]
    public async Task A_short_read_is_told_and_not_tried_again()
    {
        var memory = new MemoryStore();
        byte[] bytes = [1, 2, 3];
        var name = new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes));
        await memory.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var faults = new FaultStore(memory, new FaultRates { ShortRead = 1 }, seed: 1);
        await using var store = new RetryingStore(faults);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.ReadAsync(name, 0, new byte[3], Cancellation));
        Assert.Equal(StoreFault.TooShort, error.Fault);
        Assert.Equal((1, 1), (faults.Calls, faults.Faults));
    }

    [Fact]
    public async Task Short_reads_of_a_repository_never_pass_for_content()
    {
        var (store, blobs) = await FilledAsync();
        var faults = new FaultStore(store, new FaultRates { ShortRead = 0.4, Damaged = ObjectKind.Pack }, seed: 5);
        var repository = await Repository.OpenAsync(faults, "x"u8.ToArray(), Cancellation);
        await repository.LoadIndexAsync(Cancellation);
        foreach (var (id, bytes) in blobs)
        {
            try
            {
                Assert.Equal(bytes, await repository.Blobs.LoadAsync(BlobType.Data, id, Cancellation));
            }
            catch (Exception e) when (e is StoreException { Fault: StoreFault.TooShort } or RepositoryException)
            {
                Assert.True(faults.Faults > 0);
            }
        }
        Assert.True(faults.Faults > 0);
    }

    [Fact]
    public async Task What_came_damaged_is_not_kept_by_the_cache()
    {
        using var directory = new TemporaryDirectory();
        var memory = new MemoryStore();
        var bytes = new byte[1000];
        var name = new ObjectName(ObjectKind.Index, ObjectId.Of(bytes));
        await memory.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var flipping = new FaultStore(memory, new FaultRates { BitFlip = 1 }, seed: 3);
        var read = new byte[1000];
        await using (var store = new CachingStore(flipping, directory.Path, name.Id))
            await store.ReadAsync(name, 0, read, Cancellation);
        Assert.NotEqual(bytes, read);
        await using (var store = new CachingStore(memory, directory.Path, name.Id))
            await store.ReadAsync(name, 0, read, Cancellation);
        Assert.Equal(bytes, read);
        await using (var store = new CachingStore(flipping, directory.Path, name.Id))
            await store.ReadAsync(name, 0, read, Cancellation);
        Assert.Equal(bytes, read); // from the cache: the store would have turned a bit over
    }

    [Fact]
    public async Task A_config_and_a_missing_spool_file_are_a_stores_error_in_a_directory_too()
    {
        using var directory = new TemporaryDirectory();
        await using var store = new DirectoryStore(directory["r"]);
        await store.CreateAsync(Cancellation);
        var name = new ObjectName(ObjectKind.Pack, ObjectId.Of([1]));
        var gone = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(name, ObjectContent.OfSpoolFile(directory["none"], 1), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, gone.Fault);
        await File.WriteAllBytesAsync(directory["spool"], [7, 8], Cancellation);
        await store.PutAsync(ObjectName.Config, ObjectContent.OfSpoolFile(directory["spool"], 2), Cancellation);
        var back = new byte[2];
        await store.ReadAsync(ObjectName.Config, 0, back, Cancellation);
        Assert.Equal([7, 8], back);
        Assert.False(File.Exists(directory["spool"]));
    }
}
