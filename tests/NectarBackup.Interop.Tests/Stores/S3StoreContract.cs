using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing.Servers;
using NectarBackup.Testing.Stores;

[assembly: AssemblyFixture(typeof(CephGateway))]

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>With retries, since Ceph answers a read with status 500 now and then when the machine is busy.</summary>
public sealed class S3StoreContract(CephGateway gateway) : ObjectStoreContract
{
    private S3Options? _options;

    protected override async ValueTask<IObjectStore> OpenAsync() =>
        new RetryingStore(new S3Store(_options = await gateway.NewBucketAsync("some/prefix"), gateway.Credentials));

    protected override Task PlantAsync(IObjectStore store, ObjectName name, byte[] bytes) =>
        PlainS3.PutAsync(gateway, _options!, name.Path, bytes, Cancellation);
}

/// <summary>Three calls in ten fail, half of them after they were carried out, and the contract holds all the same.</summary>
public sealed class S3StoreUnderFaultsContract(CephGateway gateway) : ObjectStoreContract
{
    private static readonly Engine.Stores.RetryPolicy Quick = Engine.Stores.RetryPolicy.Default with
    {
        FirstWait = TimeSpan.FromMilliseconds(1),
        MaxWait = TimeSpan.FromMilliseconds(2),
    };

    private S3Options? _options;

    protected override async ValueTask<IObjectStore> OpenAsync() =>
        new RetryingStore(
            new FaultStore(
                new S3Store(_options = await gateway.NewBucketAsync(), gateway.Credentials),
                new FaultRates { Before = 0.15, After = 0.15 },
                seed: 7
            ),
            Quick
        );

    protected override Task PlantAsync(IObjectStore store, ObjectName name, byte[] bytes) =>
        PlainS3.PutAsync(gateway, _options!, name.Path, bytes, Cancellation);
}
