namespace NectarBackup.Engine.Stores;

/// <summary>The file types of a repository (restic design: "Repository Layout").</summary>
public enum ObjectKind
{
    Config,
    Key,
    Lock,
    Snapshot,
    Index,
    Pack,
}

/// <summary>The name of one file of a repository: its kind and, except for the config, its id.</summary>
public readonly record struct ObjectName(ObjectKind Kind, ObjectId Id)
{
    public static ObjectName Config { get; } = new(ObjectKind.Config, default);

    /// <summary>The key below the repository's prefix: <c>config</c>, <c>data/ab/abcd...</c>, <c>keys/...</c>.</summary>
    public string Path =>
        Kind switch
        {
            ObjectKind.Config => "config",
            ObjectKind.Pack => $"data/{Id.First:x2}/{Id}",
            _ => $"{Directory(Kind)}/{Id}",
        };

    /// <summary>The directory that holds a kind; a pack lies one level deeper.</summary>
    public static string Directory(ObjectKind kind) =>
        kind switch
        {
            ObjectKind.Key => "keys",
            ObjectKind.Lock => "locks",
            ObjectKind.Snapshot => "snapshots",
            ObjectKind.Index => "index",
            ObjectKind.Pack => "data",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    public override string ToString() => Path;
}

/// <summary>A listed file and its length in bytes.</summary>
public readonly record struct ObjectInfo(ObjectName Name, long Length);

/// <summary>
/// Where a repository's files lie. Every member may be called from several threads at once. A failed call throws
/// <see cref="StoreException"/>; what succeeded is durable (a directory store has synced it).
/// Retrying is the business of a decorator: a store itself tries once.
/// </summary>
public interface IObjectStore : IAsyncDisposable
{
    /// <summary>Where this is, for people; never with a secret in it.</summary>
    string Location { get; }

    /// <summary>
    /// A directory on the same file system as the objects, whose files <see cref="PutAsync"/> takes over by renaming them; null if
    /// objects are sent over a network, and a spool file may lie anywhere.
    /// </summary>
    string? SpoolDirectory { get; }

    /// <summary>Packs that are best under way at a time: enough to hide the way to a server, few for a disk.</summary>
    int Connections => 2;

    /// <summary>Every call goes over a network: ask for much at once, and keep small files at hand.</summary>
    bool IsRemote => false;

    /// <summary>Makes the directories or the bucket that a new repository needs. Harmless if they exist.</summary>
    Task CreateAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Stores an object, whole or not at all, never seen half-written. Idempotent for equal content: everything but the config is named by its
    /// content's hash, so an object that exists with the same length is left as it is, or replaced by the same where looking would cost a request
    /// and the store verifies the hash. The config is refused
    /// (<see cref="StoreException.IsAlreadyThere"/>) if it exists, atomically where the store can.
    /// </summary>
    Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken);

    /// <summary>Fills <paramref name="destination"/> from <paramref name="offset"/> on. Fewer bytes there than asked for is an error.</summary>
    Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The length in bytes, or null if there is no such object.</summary>
    Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken);

    /// <summary>
    /// All objects of a kind in any order. Names that are no ids are passed over. An object that another process adds or removes meanwhile may be
    /// listed or not.
    /// </summary>
    IAsyncEnumerable<ObjectInfo> ListAsync(ObjectKind kind, CancellationToken cancellationToken);

    /// <summary>Deletes an object; one that is not there is no error.</summary>
    Task DeleteAsync(ObjectName name, CancellationToken cancellationToken);
}
