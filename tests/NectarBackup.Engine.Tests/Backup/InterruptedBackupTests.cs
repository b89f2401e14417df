using System.Text;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Check;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing.Stores;

namespace NectarBackup.Engine.Tests.Backup;

/// <summary>Backups whose process dies, or whose store fails: nothing is damaged, and the next run goes on from what is stored.</summary>
public sealed class InterruptedBackupTests
{
    /// <summary>More than one pack of data.</summary>
    private static readonly byte[] s_noise = Sample.Noise(3, PackWriter.TargetLength + 1_500_000);

    private static readonly RetryPolicy s_quick = RetryPolicy.Default with
    {
        FirstWait = TimeSpan.FromTicks(1),
        MaxWait = TimeSpan.FromTicks(1),
    };

    /// <summary>Between two looks at this clock an hour has passed, so that every stored pack is indexed at once.</summary>
    private sealed class FastClock : TimeProvider
    {
        private long _hours;

        public override long GetTimestamp() => Interlocked.Increment(ref _hours) * TimestampFrequency * 3600;
    }

    private static async Task BackUpAsync(Repository repository, SnapshotWriterOptions options)
    {
        await repository.LoadIndexAsync(default);
        ObjectId tree;
        await using (var writer = SnapshotWriter.Start(repository, options, default))
        {
            var content = writer.NewContentWriter();
            var below = content.OpenDirectory(writer.Root, NodeOf("below", NodeType.Directory));
            AddFile(content, below, "small", "hello"u8);
            content.CloseDirectory(below);
            AddFile(content, writer.Root, "large", s_noise);
            content.Flush();
            tree = await writer.FinishAsync(default);
        }
        await repository.SaveUnpackedAsync(
            ObjectKind.Snapshot,
            Encoding.UTF8.GetBytes(
                $"{{\"time\":\"2026-01-02T03:59:05Z\",\"tree\":\"{tree}\",\"paths\":[\"/d\"],\"hostname\":\"h\"}}"
            ),
            default
        );
    }

    private static void AddFile(ContentWriter content, DirectoryBuilder directory, string name, ReadOnlySpan<byte> data)
    {
        content.BeginFile(directory);
        content.Write(data);
        content.EndFile(NodeOf(name, NodeType.File));
    }

    private static Node NodeOf(string name, NodeType type) =>
        new()
        {
            Name = Encoding.UTF8.GetBytes(name),
            Type = type,
            Mode = 0b111_101_101,
        };

    private static SnapshotWriterOptions Options(TimeProvider? time = null) =>
        new()
        {
            Workers = 1,
            Connections = 1,
            Compress = false,
            Time = time ?? TimeProvider.System,
        };

    /// <summary>A repository with one small snapshot, and what has to be in it once the backup has succeeded as well.</summary>
    private static async Task<(Repository Origin, SortedDictionary<string, string> Whole)> MakeAsync()
    {
        var origin = await Sample.NewAsync();
        await Sample.SnapshotAsync(origin, 1, ("before", Sample.Noise(1, 70_000)));
        var whole = origin.Through(await Sample.CloneAsync(origin.Store));
        await BackUpAsync(whole, Options());
        return (origin, await Sample.ContentsAsync(whole));
    }

    /// <summary>Every pair of a pack and a blob in it that an index names.</summary>
    private static async Task<List<(ObjectId Pack, ObjectId Blob)>> IndexedAsync(Repository repository)
    {
        var all = new List<(ObjectId, ObjectId)>();
        foreach (var info in await Sample.ListAsync(repository.Store, ObjectKind.Index))
            IndexJson.Read(
                await repository.LoadUnpackedAsync(info.Name, default),
                info.Name.Id,
                (pack, blobs) =>
                {
                    foreach (var blob in blobs.Span)
                        all.Add((pack, blob.Id));
                }
            );
        return all;
    }

    private static async Task ExpectSoundAsync(Repository repository)
    {
        var found = new List<CheckFinding>();
        await Checker.RunAsync(
            repository.Through(repository.Store),
            new CheckOptions
            {
                ReadData = PackSample.All,
                Workers = 1,
                OnFinding = found.Add,
            },
            default
        );
        Assert.DoesNotContain(found, finding => !finding.IsWarning);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task After_a_crash_at_any_call_the_next_run_stores_only_what_is_not_indexed(bool isDone)
    {
        var (origin, whole) = await MakeAsync();
        for (var crashAt = 1; ; crashAt++)
        {
            var store = await Sample.CloneAsync(origin.Store);
            var crashing = new CrashingStore(store, crashAt, isDone);
            var hasCrashed = false;
            try
            {
                await BackUpAsync(origin.Through(crashing), Options(new FastClock()));
            }
            catch (StoreException)
            {
                hasCrashed = true;
            }
            Assert.Equal(crashing.Calls >= crashAt, hasCrashed);
            if (!hasCrashed)
            {
                Assert.True(crashAt > 8);
                return;
            }
            var survivor = origin.Through(store);
            await ExpectSoundAsync(survivor);
            var before = await IndexedAsync(survivor);
            // The last call of all may have stored the snapshot without anyone learning of it; a second one would only hide it.
            var isStored = (await Sample.ListAsync(store, ObjectKind.Snapshot)).Count > 1;
            Assert.True(isDone || !isStored);
            if (!isStored)
                await BackUpAsync(survivor, Options());
            Assert.Equal(whole, await Sample.ContentsAsync(survivor));
            await ExpectSoundAsync(survivor);
            var known = before.Select(static b => b.Blob).ToHashSet();
            var added = (await IndexedAsync(survivor)).Except(before);
            Assert.DoesNotContain(added, blob => known.Contains(blob.Blob));
        }
    }

    [Theory, InlineData(0.3, 0.0), InlineData(0.0, 0.3), InlineData(0.15, 0.15)]
    public async Task Failing_calls_and_lost_acknowledgements_cost_nothing_but_time(double before, double after)
    {
        var (origin, whole) = await MakeAsync();
        var faultless = await Sample.CloneAsync(origin.Store);
        await BackUpAsync(origin.Through(faultless), Options());
        var struck = 0;
        for (var seed = 0; seed < 3; seed++)
        {
            var store = await Sample.CloneAsync(origin.Store);
            var faults = new FaultStore(store, new FaultRates { Before = before, After = after }, seed);
            await BackUpAsync(origin.Through(new RetryingStore(faults, s_quick)), Options());
            struck += faults.Faults;
            var survivor = origin.Through(store);
            Assert.Equal(whole, await Sample.ContentsAsync(survivor));
            await ExpectSoundAsync(survivor);
            foreach (var kind in new[] { ObjectKind.Pack, ObjectKind.Index, ObjectKind.Snapshot })
                Assert.Equal(
                    (await Sample.ListAsync(faultless, kind)).Count,
                    (await Sample.ListAsync(store, kind)).Count
                );
        }
        Assert.True(struck > 3);
    }

    [Fact]
    public async Task A_run_that_gives_up_records_what_it_has_stored()
    {
        var (origin, _) = await MakeAsync();
        var store = await Sample.CloneAsync(origin.Store);
        var packs = 0;
        var failing = new FaultStore(
            store,
            new FaultRates(),
            seed: 1,
            (_, what) =>
            {
                // The second pack of data does not go through; the store still answers.
                if (what.StartsWith("put data/", StringComparison.Ordinal) && Interlocked.Increment(ref packs) == 2)
                    throw new StoreException(StoreFault.Permanent, "the store is full");
            }
        );
        var failure = await Assert.ThrowsAsync<StoreException>(() => BackUpAsync(origin.Through(failing), Options()));
        Assert.Equal("the store is full", failure.Message);
        var survivor = origin.Through(store);
        var known = (await IndexedAsync(survivor)).Select(static b => b.Pack).ToHashSet();
        Assert.Equal(known, (await Sample.ListAsync(store, ObjectKind.Pack)).Select(static p => p.Name.Id).ToHashSet());
        await ExpectSoundAsync(survivor);
    }

    [Fact]
    public async Task A_bit_that_turns_over_after_sealing_ends_the_backup_before_a_snapshot_names_it()
    {
        var (origin, _) = await MakeAsync();
        var sealedBlobs = 0;
        var options = Options() with
        {
            VerifyAll = true,
            OnSealed = stored =>
            {
                if (++sealedBlobs == 9)
                    stored[stored.Length / 2] ^= 1;
            },
        };
        var failure = await Assert.ThrowsAsync<RepositoryException>(() => BackUpAsync(origin, options));
        Assert.Equal(RepositoryError.Damaged, failure.Error);
        Assert.Equal(9, sealedBlobs);
        Assert.Single(await Sample.ListAsync(origin.Store, ObjectKind.Snapshot));
        await ExpectSoundAsync(origin);
    }
}
