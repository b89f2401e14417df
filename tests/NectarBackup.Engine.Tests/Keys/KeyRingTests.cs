using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.Maintenance;

namespace NectarBackup.Engine.Tests.Keys;

public sealed class KeyRingTests
{
    private static readonly (string, string) s_identity = ("me", "here");

    [Fact]
    public async Task Keys_are_added_listed_and_removed_but_never_the_one_in_use()
    {
        var repository = await Sample.NewAsync();
        var ring = new KeyRing(repository, TimeProvider.System);
        var id = await ring.AddAsync("second"u8.ToArray(), s_identity, default);
        var keys = await ring.ListAsync(default);
        Assert.Equal(2, keys.Count);
        Assert.Equal(repository.KeyId, Assert.Single(keys, k => k.IsCurrent).Id);
        Assert.Equal("me", Assert.Single(keys, k => k.Id == id).UserName);

        var refused = await Assert.ThrowsAsync<RepositoryException>(() => ring.RemoveAsync(repository.KeyId, default));
        Assert.Equal(RepositoryError.Refused, refused.Error);
        var unknown = await Assert.ThrowsAsync<RepositoryException>(() => ring.RemoveAsync(ObjectId.Of([1]), default));
        Assert.Equal(RepositoryError.NoSuchItem, unknown.Error);
        await ring.RemoveAsync(id, default);
        Assert.Single(await ring.ListAsync(default));
    }

    [Fact]
    public async Task A_changed_password_opens_and_the_old_one_does_not()
    {
        var repository = await Sample.NewAsync();
        await new KeyRing(repository, TimeProvider.System).ChangePasswordAsync("new"u8.ToArray(), s_identity, default);
        var again = await Repository.OpenAsync(repository.Store, "new"u8.ToArray(), default);
        Assert.Equal(repository.Config.Id, again.Config.Id);
        var error = await Assert.ThrowsAsync<RepositoryException>(() =>
            Repository.OpenAsync(repository.Store, "x"u8.ToArray(), default)
        );
        Assert.Equal(RepositoryError.WrongPassword, error.Error);
    }

    [Fact]
    public async Task A_crash_while_the_password_changes_leaves_a_key_that_opens()
    {
        for (var crashAt = 1; crashAt <= 4; crashAt++)
        {
            var repository = await Sample.NewAsync();
            var crashing = repository.Through(new CrashingStore(repository.Store, crashAt, isDone: false));
            var ring = new KeyRing(crashing, TimeProvider.System);
            var change = () => ring.ChangePasswordAsync("new"u8.ToArray(), s_identity, default);
            await Assert.ThrowsAsync<StoreException>(change);
            Assert.NotNull(
                await repository.Store.FindLengthAsync(new ObjectName(ObjectKind.Key, repository.KeyId), default)
            );
        }
    }

    [Fact]
    public async Task An_empty_password_is_refused()
    {
        var ring = new KeyRing(await Sample.NewAsync(), TimeProvider.System);
        await Assert.ThrowsAsync<RepositoryException>(() => ring.AddAsync(Array.Empty<byte>(), s_identity, default));
    }
}
