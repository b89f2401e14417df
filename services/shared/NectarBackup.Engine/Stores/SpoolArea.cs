namespace NectarBackup.Engine.Stores;

/// <summary>
/// A directory of this process for spool files below the repository's <c>tmp/</c>, a place restic never looks into. Its owner holds an advisory
/// lock on a file in it for as long as it lives; what dead owners left is swept when a new one comes.
/// </summary>
internal sealed class SpoolArea : IDisposable
{
    private const string Prefix = "nectar-spool-";
    private const string OwnerFile = "owner";
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // A lock of another machine may be invisible here (a network file system without locks): such an area must be old as well.
    private static readonly TimeSpan ForeignAge = TimeSpan.FromDays(7);

    private readonly FileStream _owner;

    private SpoolArea(string path, FileStream owner) => (Path, _owner) = (path, owner);

    public string Path { get; }

    public static SpoolArea Open(string parent, TimeProvider time)
    {
        Directory.CreateDirectory(parent, Private);
        Sweep(parent, time.GetUtcNow());
        var path = System.IO.Path.Combine(parent, $"{Prefix}{Host}.{Guid.NewGuid():n}");
        Directory.CreateDirectory(path, Private);
        return new SpoolArea(path, LockOwner(path, FileMode.CreateNew));
    }

    /// <summary>Removes the areas of owners that are certainly gone. A failure leaves an area for the next time; it is never an error.</summary>
    private static void Sweep(string parent, DateTimeOffset now)
    {
        foreach (var path in Directory.EnumerateDirectories(parent, Prefix + "*"))
        {
            try
            {
                var ours = System.IO.Path.GetFileName(path).StartsWith($"{Prefix}{Host}.", StringComparison.Ordinal);
                var owner = System.IO.Path.Combine(path, OwnerFile);
                var old = now - File.GetLastWriteTimeUtc(path) > ForeignAge;
                if (!old && (!ours || !File.Exists(owner)))
                    continue;
                // FileShare.None is flock(LOCK_EX | LOCK_NB): it fails while the owner lives.
                using (LockOwner(path, FileMode.OpenOrCreate))
                    Directory.Delete(path, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, swept by another process at the same time, or another user's.
            }
        }
    }

    private static FileStream LockOwner(string path, FileMode mode) =>
        new(System.IO.Path.Combine(path, OwnerFile), mode, FileAccess.ReadWrite, FileShare.None);

    private static string Host => Environment.MachineName.Replace('/', '_');

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next owner sweeps it.
        }
        _owner.Dispose();
    }
}
