using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.Stores;

/// <summary>A store in memory, with the semantics of the others; nothing of it outlives the process.</summary>
public sealed class MemoryStore : IObjectStore
{
    private readonly ConcurrentDictionary<ObjectName, byte[]> _objects = new();

    public string Location => "memory";

    public string? SpoolDirectory => null;

    /// <summary>Bytes of all objects.</summary>
    public long TotalBytes => _objects.Values.Sum(static bytes => (long)bytes.Length);

    public Task CreateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var bytes = await BytesOfAsync(name, content, cancellationToken).ConfigureAwait(false);
        if (name.Kind == ObjectKind.Config)
        {
            if (!_objects.TryAdd(name, bytes))
                throw new StoreException(StoreFault.AlreadyThere, $"cannot store {name}: it exists");
        }
        else
        {
            _objects.AddOrUpdate(name, bytes, (_, old) => old.Length == bytes.Length ? old : bytes);
        }
        if (content.SpoolPath is { } spool)
            File.Delete(spool);
    }

    private static async Task<byte[]> BytesOfAsync(
        ObjectName name,
        ObjectContent content,
        CancellationToken cancellationToken
    )
    {
        if (content.SpoolPath is not { } spool)
            return content.Memory.ToArray();
        var bytes = await File.ReadAllBytesAsync(spool, cancellationToken).ConfigureAwait(false);
        if (bytes.Length < content.Length)
            throw SpoolFiles.TooShort(name, spool, bytes.Length, content.Length);
        return bytes[..(int)content.Length];
    }

    public Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (!_objects.TryGetValue(name, out var bytes))
            throw new StoreException(StoreFault.NotFound, $"cannot read {name}: there is no such object");
        if (offset + destination.Length > bytes.Length)
            throw new StoreException(
                StoreFault.TooShort,
                $"cannot read {name} up to {offset + destination.Length}: it ends at {bytes.Length}"
            );
        bytes.AsMemory((int)offset, destination.Length).CopyTo(destination);
        return Task.CompletedTask;
    }

    public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_objects.TryGetValue(name, out var bytes) ? bytes.Length : (long?)null);
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        foreach (var (name, bytes) in _objects)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (name.Kind == kind)
                yield return new ObjectInfo(name, bytes.Length);
        }
        await Task.CompletedTask.ConfigureAwait(false);
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _objects.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
