using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Keys;

/// <summary>A key of a repository, for people.</summary>
public sealed record KeyInfo(ObjectId Id, string UserName, string HostName, string Created, bool IsCurrent);

/// <summary>
/// The passwords of a repository: one key file each, all with the same master key. No operation can lock the owner out: a new key is
/// opened from the store before an old one goes, and neither the key in use nor the last one is removed.
/// </summary>
public sealed class KeyRing(Repository repository, TimeProvider time)
{
    /// <exception cref="RepositoryException">Damaged: a key file is not what its name says.</exception>
    public async Task<List<KeyInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var keys = new List<KeyInfo>();
        foreach (var info in await FindAsync(cancellationToken))
        {
            var key = await LoadAsync(repository.Store, info, cancellationToken);
            var id = info.Name.Id;
            keys.Add(new KeyInfo(id, key.UserName, key.HostName, key.Created, id == repository.KeyId));
        }
        return keys;
    }

    /// <summary>Adds a password.</summary>
    /// <param name="password">UTF-8.</param>
    /// <param name="identity">Who is recorded in the key file.</param>
    /// <param name="cancellationToken">Gives up before the file is stored.</param>
    /// <returns>The new key, read back and opened.</returns>
    public async Task<ObjectId> AddAsync(
        ReadOnlyMemory<byte> password,
        (string User, string Host) identity,
        CancellationToken cancellationToken
    )
    {
        if (password.IsEmpty)
            throw new RepositoryException(RepositoryError.Refused, "an empty password protects nothing");
        var key = KeyFile.Create(
            repository.Key,
            password.Span,
            identity.User,
            identity.Host,
            time.GetUtcNow(),
            KdfParameters.ForNewKeys
        );
        var bytes = key.Serialize();
        var name = new ObjectName(ObjectKind.Key, ObjectId.Of(bytes));
        await repository.Store.PutAsync(name, ObjectContent.Of(bytes), cancellationToken);
        var stored = await LoadAsync(repository.Store, new ObjectInfo(name, bytes.Length), cancellationToken);
        var master = stored.TryOpen(password.Span, name.Id);
        if (master is null || !master.Encrypt.SequenceEqual(repository.Key.Encrypt))
            throw RepositoryException.Damaged($"key {name.Id}", "it does not open after it was stored");
        return name.Id;
    }

    /// <exception cref="RepositoryException">NoSuchItem; Refused for the key in use and for the last one. Nothing was changed.</exception>
    public async Task RemoveAsync(ObjectId id, CancellationToken cancellationToken)
    {
        if (id == repository.KeyId)
            throw new RepositoryException(
                RepositoryError.Refused,
                $"key {id.Short} is the one in use",
                "open the repository with another password first"
            );
        await RemoveOtherAsync(id, cancellationToken);
    }

    /// <summary>Replaces the password that opened the repository: the new key is stored and proved before the old one is removed.</summary>
    /// <returns>The new key. The repository object still names the old one as its own.</returns>
    public async Task<ObjectId> ChangePasswordAsync(
        ReadOnlyMemory<byte> password,
        (string User, string Host) identity,
        CancellationToken cancellationToken
    )
    {
        var added = await AddAsync(password, identity, cancellationToken);
        await RemoveOtherAsync(repository.KeyId, cancellationToken);
        return added;
    }

    /// <summary>The master key as key files hold it, for those who keep it in a safe: it opens everything, without a password.</summary>
    public byte[] ExportMasterKey() =>
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            MasterKeyJson.From(repository.Key),
            KeyJson.Default.MasterKeyJson
        );

    private async Task RemoveOtherAsync(ObjectId id, CancellationToken cancellationToken)
    {
        var all = await FindAsync(cancellationToken);
        if (!all.Exists(info => info.Name.Id == id))
            throw new RepositoryException(RepositoryError.NoSuchItem, $"there is no key {id}");
        if (all.Count == 1)
            throw new RepositoryException(RepositoryError.Refused, $"key {id.Short} is the last one");
        await repository.Store.DeleteAsync(new ObjectName(ObjectKind.Key, id), cancellationToken);
    }

    private async Task<List<ObjectInfo>> FindAsync(CancellationToken cancellationToken)
    {
        var all = new List<ObjectInfo>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Key, cancellationToken))
            all.Add(info);
        return all;
    }

    /// <summary>Reads a key file and checks it against its name.</summary>
    internal static async Task<KeyFile> LoadAsync(
        IObjectStore store,
        ObjectInfo info,
        CancellationToken cancellationToken
    )
    {
        if (info.Length is <= 0 or > KeyFile.MaxLength)
            throw RepositoryException.Damaged($"key {info.Name.Id}", $"it has {info.Length} bytes");
        var bytes = new byte[info.Length];
        await store.ReadAsync(info.Name, 0, bytes, cancellationToken);
        return ObjectId.Of(bytes) == info.Name.Id
            ? KeyFile.Parse(bytes, info.Name.Id)
            : throw RepositoryException.Damaged($"key {info.Name.Id}", "its content does not match its name");
    }
}
