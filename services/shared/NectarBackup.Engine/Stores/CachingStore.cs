namespace NectarBackup.Engine.Stores;

/// <summary>
/// Keeps index and snapshot files in a local directory, so that opening a large repository again costs no transfer. A cached file is used only
/// if its SHA-256 is its name; else it is fetched anew. The cache is never the truth: listings come from the store, and a cache that cannot be
/// written or read is done without.
/// </summary>
/// <param name="inner">The store.</param>
/// <param name="directory">Of all caches.</param>
/// <param name="repository">The repository's id from its config, which names its part of the cache.</param>
public sealed class CachingStore(IObjectStore inner, string directory, ObjectId repository) : IObjectStore
{
    /// <summary>Longest file that is cached, in bytes; an index file of restic has some 8 MiB at most.</summary>
    public const int MaxLength = 128 << 20;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly string _root = Path.Combine(directory, repository.ToString());

    public string Location => inner.Location;

    public string? SpoolDirectory => inner.SpoolDirectory;

    public int Connections => inner.Connections;

    public bool IsRemote => inner.IsRemote;

    public Task CreateAsync(CancellationToken cancellationToken) => inner.CreateAsync(cancellationToken);

    public Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken) =>
        inner.PutAsync(name, content, cancellationToken);

    /// <summary>From the cache if the range is the whole file; other reads are the store's.</summary>
    public async Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        var cacheable =
            name.Kind is ObjectKind.Index or ObjectKind.Snapshot
            && offset == 0
            && destination.Length is > 0 and <= MaxLength;
        if (cacheable && TryRead(name, destination))
            return;
        await inner.ReadAsync(name, offset, destination, cancellationToken).ConfigureAwait(false);
        // A part of the file has another hash, and so has a damaged one: neither is kept.
        if (cacheable && ObjectId.Of(destination.Span) == name.Id)
            Keep(name, destination.Span);
    }

    private string PathOf(ObjectName name) => Path.Combine(_root, name.Path);

    private bool TryRead(ObjectName name, Memory<byte> destination)
    {
        try
        {
            using var file = File.OpenHandle(PathOf(name));
            if (RandomAccess.GetLength(file) != destination.Length)
                return false;
            for (var done = 0; done < destination.Length; )
            {
                var read = RandomAccess.Read(file, destination.Span[done..], done);
                if (read == 0)
                    return false;
                done += read;
            }
            return ObjectId.Of(destination.Span) == name.Id;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Not synced: what a crash spoils does not have its hash.
    private void Keep(ObjectName name, ReadOnlySpan<byte> bytes)
    {
        var path = PathOf(name);
        var written = $"{path}-tmp-{Guid.NewGuid():n}";
        try
        {
            Directory.CreateDirectory(_root, Private);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, Private);
            File.WriteAllBytes(written, bytes);
            File.Move(written, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Remove(written);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing depends on it.
        }
    }

    public Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken) =>
        inner.FindLengthAsync(name, cancellationToken);

    public IAsyncEnumerable<ObjectInfo> ListAsync(ObjectKind kind, CancellationToken cancellationToken) =>
        inner.ListAsync(kind, cancellationToken);

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        if (name.Kind is ObjectKind.Index or ObjectKind.Snapshot)
            Remove(PathOf(name));
        return inner.DeleteAsync(name, cancellationToken);
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
