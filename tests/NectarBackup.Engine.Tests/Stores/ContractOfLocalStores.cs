using NectarBackup.Engine.Stores;
using NectarBackup.Testing;
using NectarBackup.Testing.Stores;

namespace NectarBackup.Engine.Tests.Stores;

public sealed class MemoryStoreContract : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> OpenAsync() => new(new MemoryStore());
}

public sealed class DirectoryStoreContract : ObjectStoreContract, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IObjectStore> OpenAsync() => new(new DirectoryStore(_directory["repository"]));

    public void Dispose() => _directory.Dispose();
}
