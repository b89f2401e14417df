namespace NectarBackup.Engine;

/// <summary>What went wrong, as far as a caller decides by it; each value has its exit code in the command line.</summary>
public enum RepositoryError
{
    /// <summary>There is no repository at the given place.</summary>
    NotFound,

    /// <summary>A repository, or a part of one, stands where a new one was asked for.</summary>
    AlreadyExists,

    /// <summary>No key of the repository opens with the given password.</summary>
    WrongPassword,

    /// <summary>A conflicting lock is held.</summary>
    Locked,

    /// <summary>Stored data is not what it has to be. Never raised for a failed read: that is a <see cref="Stores.StoreException"/>.</summary>
    Damaged,

    /// <summary>The format version or a feature is not known here.</summary>
    Unsupported,

    /// <summary>The caller asked for something that cannot be done; nothing was changed.</summary>
    Refused,

    /// <summary>A named snapshot, path or key does not exist in the repository.</summary>
    NoSuchItem,
}

/// <summary>An error of the repository: what happened to which object, and what the user can do.</summary>
public sealed class RepositoryException(
    RepositoryError error,
    string message,
    string? hint = null,
    Exception? inner = null
) : Exception(message, inner)
{
    public RepositoryError Error { get; } = error;

    /// <summary>One sentence that tells the user the way out, if there is one.</summary>
    public string? Hint { get; } = hint;

    /// <summary>A <see cref="RepositoryError.Damaged"/> error that names the object.</summary>
    public static RepositoryException Damaged(string what, string how, Exception? inner = null) =>
        new(RepositoryError.Damaged, $"{what} is damaged: {how}", "run 'check --read-data', then 'repair'", inner);
}
