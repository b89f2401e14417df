using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>Opens the store that a location names: a directory, or <c>s3:...</c> as restic writes it.</summary>
public static class ObjectStores
{
    // restic's other backends: a directory named like one would be a surprise.
    private static readonly string[] Foreign = ["sftp:", "rest:", "b2:", "azure:", "gs:", "swift:", "rclone:"];

    /// <summary>
    /// An S3 store takes its key from the environment (<see cref="S3Credentials.FromEnvironment"/>), its region from AWS_REGION or
    /// AWS_DEFAULT_REGION, and is wrapped in a <see cref="RetryingStore"/>. A directory is not: its errors do not pass.
    /// </summary>
    /// <param name="location">A path, <c>local:path</c>, or <c>s3:...</c>.</param>
    /// <param name="adjust">Changes what the location and the environment say, for example the CA file.</param>
    /// <param name="retried">Told of every retry.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="RepositoryException">Unsupported: a backend that is not known here.</exception>
    /// <exception cref="StoreException">Permanent: the location is malformed, or there are no credentials.</exception>
    public static IObjectStore Open(
        string location,
        Func<S3Options, S3Options>? adjust = null,
        Action<StoreRetry>? retried = null,
        TimeProvider? time = null
    )
    {
        if (location.StartsWith("s3:", StringComparison.Ordinal))
        {
            var options = S3Options.Parse(location["s3:".Length..]);
            if (Region() is { } region)
                options = options with { Region = region };
            options = adjust?.Invoke(options) ?? options;
            return new RetryingStore(
                new S3Store(options, S3Credentials.FromEnvironment(), time),
                retried: retried,
                time: time
            );
        }
        if (Array.Find(Foreign, f => location.StartsWith(f, StringComparison.Ordinal)) is { } scheme)
            throw new RepositoryException(
                RepositoryError.Unsupported,
                $"repositories behind '{scheme}' are not supported",
                "use a directory or s3:https://host/bucket/prefix"
            );
        var path = location.StartsWith("local:", StringComparison.Ordinal) ? location["local:".Length..] : location;
        if (path.Length == 0)
            throw new StoreException(StoreFault.Permanent, "the repository's location is empty");
        return new DirectoryStore(path, time);
    }

    private static string? Region() =>
        (string[])["AWS_REGION", "AWS_DEFAULT_REGION"] is var names
            ? names.Select(Environment.GetEnvironmentVariable).FirstOrDefault(static r => !string.IsNullOrEmpty(r))
            : null;
}
