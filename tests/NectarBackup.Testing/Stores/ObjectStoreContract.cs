using System.Security.Cryptography;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using Xunit;

namespace NectarBackup.Testing.Stores;

/// <summary>What every <see cref="IObjectStore"/> promises; run against each of them by a class derived from this one.</summary>
public abstract class ObjectStoreContract
{
    /// <summary>A store of its own for each test, empty and not yet created.</summary>
    protected abstract ValueTask<IObjectStore> OpenAsync();

    /// <summary>Puts bytes under a name that is not theirs. A store that may check the hash needs another door.</summary>
    protected virtual Task PlantAsync(IObjectStore store, ObjectName name, byte[] bytes) =>
        store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Bytes to store and the name they have by their hash.</summary>
    protected static (ObjectName Name, byte[] Bytes) Sample(ObjectKind kind, int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return (new ObjectName(kind, ObjectId.Of(bytes)), bytes);
    }

    protected static async Task<byte[]> ReadAsync(IObjectStore store, ObjectName name, long offset, int length)
    {
        var bytes = new byte[length];
        await store.ReadAsync(name, offset, bytes, Cancellation);
        return bytes;
    }

    protected static async Task<List<ObjectInfo>> ListAsync(IObjectStore store, ObjectKind kind)
    {
        List<ObjectInfo> found = [];
        await foreach (var info in store.ListAsync(kind, Cancellation))
            found.Add(info);
        return found;
    }

    private async Task<IObjectStore> CreatedAsync()
    {
        var store = await OpenAsync();
        await store.CreateAsync(Cancellation);
        return store;
    }

    [Fact]
    public async Task Creating_twice_is_harmless()
    {
        await using var store = await CreatedAsync();
        await store.CreateAsync(Cancellation);
        Assert.Null(await store.FindLengthAsync(ObjectName.Config, Cancellation));
        Assert.Empty(await ListAsync(store, ObjectKind.Pack));
    }

    [Theory]
    [InlineData(ObjectKind.Key)]
    [InlineData(ObjectKind.Lock)]
    [InlineData(ObjectKind.Snapshot)]
    [InlineData(ObjectKind.Index)]
    [InlineData(ObjectKind.Pack)]
    public async Task What_was_put_is_read_found_listed_and_deleted(ObjectKind kind)
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(kind, 70_000);

        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);

        Assert.Equal(bytes, await ReadAsync(store, name, 0, bytes.Length));
        Assert.Equal(bytes.Length, await store.FindLengthAsync(name, Cancellation));
        Assert.Equal([new ObjectInfo(name, bytes.Length)], await ListAsync(store, kind));

        await store.DeleteAsync(name, Cancellation);

        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        Assert.Empty(await ListAsync(store, kind));
        var gone = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, name, 0, 1));
        Assert.True(gone.IsNotFound);
    }

    [Fact]
    public async Task A_range_is_read_exactly()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(ObjectKind.Pack, 100_000);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        foreach (var (offset, length) in new[] { (0, 1), (1, 4096), (99_999, 1), (65_530, 12), (0, 100_000), (50, 0) })
            Assert.Equal(bytes[offset..(offset + length)], await ReadAsync(store, name, offset, length));
    }

    [Theory]
    [InlineData(0, 1001)]
    [InlineData(999, 2)]
    [InlineData(1000, 1)]
    [InlineData(5000, 10)]
    public async Task A_range_beyond_the_end_is_too_short(long offset, int length)
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(ObjectKind.Pack, 1000);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var error = await Assert.ThrowsAsync<StoreException>(() => ReadAsync(store, name, offset, length));
        Assert.Equal(StoreFault.TooShort, error.Fault);
    }

    [Fact]
    public async Task Putting_the_same_again_changes_nothing()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(ObjectKind.Snapshot, 300);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        Assert.Equal(bytes, await ReadAsync(store, name, 0, bytes.Length));
        Assert.Single(await ListAsync(store, ObjectKind.Snapshot));
    }

    [Fact]
    public async Task An_object_of_a_wrong_length_is_replaced()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(ObjectKind.Pack, 3000);
        await PlantAsync(store, name, bytes[..2000]);
        Assert.Equal(bytes[..10], await ReadAsync(store, name, 0, 10));
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        Assert.Equal(bytes, await ReadAsync(store, name, 0, bytes.Length));
    }

    [Fact]
    public async Task A_config_is_put_once()
    {
        await using var store = await CreatedAsync();
        await store.PutAsync(ObjectName.Config, ObjectContent.Of(new byte[] { 1, 2, 3 }), Cancellation);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(ObjectName.Config, ObjectContent.Of(new byte[] { 1, 2, 3 }), Cancellation)
        );
        Assert.True(error.IsAlreadyThere);
        Assert.Equal([1, 2, 3], await ReadAsync(store, ObjectName.Config, 0, 3));
        Assert.Equal([new ObjectInfo(ObjectName.Config, 3)], await ListAsync(store, ObjectKind.Config));
    }

    [Fact]
    public async Task Of_many_who_put_the_config_one_wins()
    {
        await using var store = await CreatedAsync();
        var puts = Enumerable
            .Range(0, 8)
            .Select(async i =>
            {
                try
                {
                    await store.PutAsync(ObjectName.Config, ObjectContent.Of(new[] { (byte)i }), Cancellation);
                    return i;
                }
                catch (StoreException e) when (e.IsAlreadyThere)
                {
                    return -1;
                }
            });
        var winner = Assert.Single(await Task.WhenAll(puts), static i => i >= 0);
        Assert.Equal([(byte)winner], await ReadAsync(store, ObjectName.Config, 0, 1));
    }

    [Fact]
    public async Task A_spool_file_is_taken_over()
    {
        await using var store = await CreatedAsync();
        using var elsewhere = new TemporaryDirectory();
        var (name, bytes) = Sample(ObjectKind.Pack, 200_000);
        var spool = Path.Combine(store.SpoolDirectory ?? elsewhere.Path, "spool");
        for (var round = 0; round < 2; round++) // the second one finds the object there
        {
            await File.WriteAllBytesAsync(spool, [.. bytes, 1, 2, 3], Cancellation);
            await store.PutAsync(name, ObjectContent.OfSpoolFile(spool, bytes.Length), Cancellation);
            Assert.False(File.Exists(spool));
            Assert.Equal([new ObjectInfo(name, bytes.Length)], await ListAsync(store, ObjectKind.Pack));
            Assert.Equal(bytes, await ReadAsync(store, name, 0, bytes.Length));
        }
    }

    [Fact]
    public async Task A_spool_file_that_is_too_short_is_refused_and_stays()
    {
        await using var store = await CreatedAsync();
        using var elsewhere = new TemporaryDirectory();
        var (name, bytes) = Sample(ObjectKind.Pack, 2000);
        var spool = Path.Combine(store.SpoolDirectory ?? elsewhere.Path, "spool");
        await File.WriteAllBytesAsync(spool, bytes[..1999], Cancellation);
        var error = await Assert.ThrowsAsync<StoreException>(() =>
            store.PutAsync(name, ObjectContent.OfSpoolFile(spool, bytes.Length), Cancellation)
        );
        Assert.Equal(StoreFault.Permanent, error.Fault);
        Assert.True(File.Exists(spool));
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
    }

    [Fact]
    public async Task Deleting_what_is_not_there_is_no_error()
    {
        await using var store = await CreatedAsync();
        await store.DeleteAsync(Sample(ObjectKind.Pack, 1).Name, Cancellation);
        await store.DeleteAsync(ObjectName.Config, Cancellation);
    }

    [Fact]
    public async Task Kinds_are_listed_apart()
    {
        await using var store = await CreatedAsync();
        var names = new List<ObjectName>();
        for (var i = 0; i < 30; i++)
        {
            var (name, bytes) = Sample(i % 3 == 0 ? ObjectKind.Index : ObjectKind.Pack, 100 + i, i);
            await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
            names.Add(name);
        }
        foreach (var kind in (ObjectKind[])[ObjectKind.Index, ObjectKind.Pack, ObjectKind.Snapshot])
        {
            var listed = (await ListAsync(store, kind)).Select(static i => i.Name.Path).Order();
            Assert.Equal(names.Where(n => n.Kind == kind).Select(static n => n.Path).Order(), listed);
        }
    }

    [Fact]
    public async Task Many_at_once_do_not_disturb_each_other()
    {
        await using var store = await CreatedAsync();
        await Parallel.ForAsync(
            0,
            40,
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Cancellation },
            async (i, token) =>
            {
                var (name, bytes) = Sample(ObjectKind.Pack, 20_000 + i / 2, i / 2); // each one is put by two
                await store.PutAsync(name, ObjectContent.Of(bytes), token);
                var back = new byte[bytes.Length];
                await store.ReadAsync(name, 0, back, token);
                Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(back));
            }
        );
        Assert.Equal(20, (await ListAsync(store, ObjectKind.Pack)).Count);
    }

    [Fact]
    public async Task A_cancelled_call_ends()
    {
        await using var store = await CreatedAsync();
        var (name, bytes) = Sample(ObjectKind.Pack, 100);
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            store.PutAsync(name, ObjectContent.Of(bytes), cancelled)
        );
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.ReadAsync(name, 0, bytes, cancelled));
    }
}
