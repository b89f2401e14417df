using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Tests.Maintenance;

/// <summary>
/// A store whose process dies at the n-th call: from then on nothing happens any more. The last call itself is either not done, or done without anyone learning of it.
/// </summary>
internal sealed class CrashingStore(IObjectStore inner, int crashAt, bool isDone) : IObjectStore
{
    private int _calls;

    public int Calls => _calls;

    public string Location => inner.Location;

    public string? SpoolDirectory => inner.SpoolDirectory;

    private async Task<T> Call<T>(Func<Task<T>> call)
    {
        var number = Interlocked.Increment(ref _calls);
        if (number > crashAt || number == crashAt && !isDone)
            throw new StoreException(StoreFault.Permanent, "the process is dead");
        var result = await call();
        return number == crashAt ? throw new StoreException(StoreFault.Permanent, "the process is dead") : result;
    }

    private Task<bool> Call(Func<Task> call) =>
        Call(async () =>
        {
            await call();
            return true;
        });

    public Task CreateAsync(CancellationToken cancellationToken) => inner.CreateAsync(cancellationToken);

    public Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken) =>
        Call(() => inner.PutAsync(name, content, cancellationToken));

    public Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    ) => Call(() => inner.ReadAsync(name, offset, destination, cancellationToken));

    public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken) =>
        Call(() => inner.FindLengthAsync(name, cancellationToken));

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Call(() => Task.CompletedTask);
        await foreach (var info in inner.ListAsync(kind, cancellationToken))
            yield return info;
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        Call(() => inner.DeleteAsync(name, cancellationToken));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
