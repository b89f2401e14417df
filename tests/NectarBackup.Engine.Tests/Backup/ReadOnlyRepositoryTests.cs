using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Backup;

public sealed class ReadOnlyRepositoryTests
{
    [Fact]
    public async Task Looking_into_a_repository_writes_nothing_into_its_directory()
    {
        using var directory = new TemporaryDirectory();
        var path = Path.Combine(directory.Path, "repository");
        var password = "x"u8.ToArray();
        await (
            await QuickRepository.InitAsync(
                new DirectoryStore(path),
                password,
                null,
                ("u", "h"),
                TimeProvider.System,
                default
            )
        ).DisposeAsync();
        var before = Directory.EnumerateFileSystemEntries(path).Order().ToArray();
        await using var repository = await Repository.OpenAsync(new DirectoryStore(path), password, default);
        await repository.LoadIndexAsync(default);
        await using var store = new RetryingStore(repository.Store);
        Assert.False(store.IsRemote);
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(path).Order());
    }
}
