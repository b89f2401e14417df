using Microsoft.Extensions.Time.Testing;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Locks;

public sealed class RepositoryLockTests
{
    private sealed class Identity(int processId) : ILockIdentity
    {
        public HashSet<int> Gone { get; } = [];
        public string HostName => "host";
        public string UserName => "user";
        public uint UserId => 1;
        public uint GroupId => 1;
        public int ProcessId => processId;
        public LockHolder? Holder { get; init; } = new("boot", "namespace", 1);

        public bool IsRunning(int id) => !Gone.Contains(id);

        public bool IsGone(LockHolder holder, int id) => Gone.Contains(id);
    }

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56))
    {
        AutoAdvanceAmount = TimeSpan.Zero,
    };

    private static async Task<Repository> Open() =>
        await QuickRepository.InitAsync(
            new MemoryStore(),
            "x"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            default
        );

    private async Task<RepositoryLock> Acquire(Repository repository, bool exclusive, ILockIdentity identity)
    {
        var acquiring = RepositoryLock.AcquireAsync(repository, exclusive, new LockOptions(identity, _time), default);
        while (!acquiring.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        return await acquiring;
    }

    private static async Task<int> Count(Repository repository)
    {
        var count = 0;
        await foreach (var _ in repository.Store.ListAsync(ObjectKind.Lock, default))
            count++;
        return count;
    }

    [Fact]
    public async Task Shared_locks_stand_together_and_an_exclusive_one_alone()
    {
        var repository = await Open();
        await using (await Acquire(repository, false, new Identity(1)))
        await using (await Acquire(repository, false, new Identity(2)))
        {
            var error = await Assert.ThrowsAsync<RepositoryException>(() => Acquire(repository, true, new Identity(3)));
            Assert.Equal(RepositoryError.Locked, error.Error);
            Assert.Contains("host", error.Message, StringComparison.Ordinal);
            Assert.Equal(2, await Count(repository));
        }
        Assert.Equal(0, await Count(repository));
        await using (await Acquire(repository, true, new Identity(3)))
            await Assert.ThrowsAsync<RepositoryException>(() => Acquire(repository, false, new Identity(1)));
    }

    [Fact]
    public async Task The_lock_of_a_killed_process_of_ours_is_removed_without_being_asked()
    {
        var repository = await Open();
        var killed = await Acquire(repository, true, new Identity(1));
        var next = new Identity(2) { Gone = { 1 } };
        await using (await Acquire(repository, true, next))
            Assert.Equal(1, await Count(repository));
        await killed.DisposeAsync();
    }

    [Fact]
    public async Task A_lock_of_another_program_blocks_until_it_is_unlocked()
    {
        var repository = await Open();
        var foreign = new LockFile
        {
            Time = _time.GetUtcNow(),
            Exclusive = true,
            HostName = "host",
            ProcessId = 1,
        };
        await repository.SaveUnpackedAsync(ObjectKind.Lock, foreign.Serialize(), default);
        var self = new Identity(2) { Gone = { 1 } };
        await Assert.ThrowsAsync<RepositoryException>(() => Acquire(repository, false, self));
        Assert.Equal(1, await RepositoryLock.UnlockAsync(repository, false, self, _time, default));
        await using (await Acquire(repository, false, self)) { }
    }

    [Fact]
    public async Task A_fresh_lock_of_a_running_process_is_not_unlocked_unless_all_are()
    {
        var repository = await Open();
        var foreign = new LockFile
        {
            Time = _time.GetUtcNow(),
            HostName = "elsewhere",
            ProcessId = 1,
        };
        await repository.SaveUnpackedAsync(ObjectKind.Lock, foreign.Serialize(), default);
        Assert.Equal(0, await RepositoryLock.UnlockAsync(repository, false, new Identity(2), _time, default));
        Assert.Equal(1, await RepositoryLock.UnlockAsync(repository, true, new Identity(2), _time, default));
    }

    [Fact]
    public async Task A_held_lock_is_refreshed_by_a_new_file_before_the_old_one_goes()
    {
        var repository = await Open();
        await using var held = await Acquire(repository, false, new Identity(1));
        var before = await First(repository);
        for (var i = 0; i < 100 && await First(repository) == before; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            await Task.Delay(5);
        }
        Assert.NotEqual(before, await First(repository));
        Assert.False(held.Lost.IsCancellationRequested);
    }

    [Fact]
    public async Task A_lock_that_someone_removed_is_lost()
    {
        var repository = await Open();
        await using var held = await Acquire(repository, false, new Identity(1));
        await RepositoryLock.UnlockAsync(repository, true, new Identity(1), _time, default);
        for (var i = 0; i < 100 && !held.Lost.IsCancellationRequested; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            await Task.Delay(5);
        }
        Assert.True(held.Lost.IsCancellationRequested);
    }

    private static async Task<ObjectName> First(Repository repository)
    {
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Lock, default))
            return info.Name;
        throw new InvalidOperationException("no lock");
    }
}
