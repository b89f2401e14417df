using System.Text.Json;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Keys;

/// <summary>The keys of an open repository: one for each password, all for the same master key.</summary>
public static class RepositoryKeys
{
    /// <summary>All keys, in no order. One that cannot be read is told to <paramref name="onDamage"/> and left out.</summary>
    public static async IAsyncEnumerable<(ObjectId Id, KeyFile Key)> ListAsync(
        Repository repository,
        Action<RepositoryException> onDamage,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Key, cancellationToken))
        {
            KeyFile? key = null;
            try
            {
                key = KeyFile.Parse(
                    await Repository.ReadKeyAsync(repository.Store, info, cancellationToken),
                    info.Name.Id
                );
            }
            catch (RepositoryException e)
            {
                onDamage(e);
            }
            if (key is not null)
                yield return (info.Name.Id, key);
        }
    }

    /// <summary>Lets one more password open the repository. The new key is stored, read back and tried before it is told of.</summary>
    /// <returns>Its id.</returns>
    /// <exception cref="RepositoryException">Damaged: what came back from the store is not what was stored.</exception>
    public static async Task<ObjectId> AddAsync(
        Repository repository,
        ReadOnlyMemory<byte> password,
        (string User, string Host) identity,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        var content = KeyFile
            .Create(repository.Key, password.Span, identity.User, identity.Host, time.GetUtcNow())
            .Serialize();
        var name = new ObjectName(ObjectKind.Key, ObjectId.Of(content));
        await repository.Store.PutAsync(name, ObjectContent.Of(content), cancellationToken);
        var stored = await Repository.ReadKeyAsync(
            repository.Store,
            new ObjectInfo(name, content.Length),
            cancellationToken
        );
        return KeyFile.Parse(stored, name.Id).TryOpen(password.Span, name.Id) is null
            ? throw RepositoryException.Damaged($"the new key {name.Id.Short}", "its password does not open it")
            : name.Id;
    }

    /// <summary>Deletes a key; its password opens the repository no more.</summary>
    /// <exception cref="RepositoryException">Refused: the repository was opened with this one.</exception>
    public static Task RemoveAsync(Repository repository, ObjectId id, CancellationToken cancellationToken) =>
        id == repository.KeyId
            ? throw new RepositoryException(
                RepositoryError.Refused,
                $"key {id.Short} is the one that opened the repository",
                "open it with another password to remove this one"
            )
            : repository.Store.DeleteAsync(new ObjectName(ObjectKind.Key, id), cancellationToken);

    /// <summary>The master key as key files hold it, for those who keep it in a safe. It opens everything.</summary>
    public static byte[] ExportMasterKey(Repository repository) =>
        JsonSerializer.SerializeToUtf8Bytes(MasterKeyJson.From(repository.Key), KeyJson.Default.MasterKeyJson);
}
