using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Standalone.Opening;

/// <summary>Finds a file of a repository by the start of its id.</summary>
internal static class ObjectNames
{
    /// <exception cref="RepositoryException">NoSuchItem: none begins so, or several do.</exception>
    public static async Task<ObjectInfo> FindAsync(
        IObjectStore store,
        ObjectKind kind,
        string start,
        CancellationToken cancellationToken
    )
    {
        var what = kind.ToString().ToLowerInvariant();
        ObjectInfo? found = null;
        await foreach (var info in store.ListAsync(kind, cancellationToken))
        {
            if (start.Length == 0 || !info.Name.Id.ToString().StartsWith(start, StringComparison.Ordinal))
                continue;
            if (found is not null)
                throw new RepositoryException(
                    RepositoryError.NoSuchItem,
                    $"several ids of kind {what} begin with '{start}'",
                    "write more of it"
                );
            found = info;
        }
        return found
            ?? throw new RepositoryException(
                RepositoryError.NoSuchItem,
                $"no id of kind {what} begins with '{start}'",
                "see 'list'"
            );
    }
}
