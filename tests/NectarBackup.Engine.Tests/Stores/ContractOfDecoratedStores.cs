using NectarBackup.Engine.Stores;
using NectarBackup.Testing;
using NectarBackup.Testing.Stores;

namespace NectarBackup.Engine.Tests.Stores;

public sealed class RetryingStoreContract : ObjectStoreContract, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IObjectStore> OpenAsync() =>
        new(
            new RetryingStore(
                new FaultStore(
                    new DirectoryStore(_directory["r"]),
                    new FaultRates
                    {
                        Before = 0.15,
                        After = 0.15,
                        Delay = 0.1,
                    },
                    seed: 3
                ),
                RetryPolicy.Default with
                {
                    FirstWait = TimeSpan.FromMilliseconds(1),
                    MaxWait = TimeSpan.FromMilliseconds(2),
                }
            )
        );

    public void Dispose() => _directory.Dispose();
}

public sealed class LimitedStoreContract : ObjectStoreContract
{
    protected override ValueTask<IObjectStore> OpenAsync() =>
        new(new LimitedStore(new MemoryStore(), 50_000_000, 50_000_000));
}

public sealed class CachingStoreContract : ObjectStoreContract, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    protected override ValueTask<IObjectStore> OpenAsync() =>
        new(new CachingStore(new MemoryStore(), _directory["cache"], ObjectId.Of([1])));

    public void Dispose() => _directory.Dispose();
}
