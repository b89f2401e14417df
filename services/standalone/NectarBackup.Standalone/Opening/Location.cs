using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Stores.S3;

namespace NectarBackup.Standalone.Opening;

/// <summary>Turns the text that names a repository into its store.</summary>
internal static class Location
{
    private const int MaxFileLength = 64 << 10;

    /// <summary>The location from <c>--repo</c> or <c>--repository-file</c>, else from the environment.</summary>
    /// <exception cref="UsageException">There is none, or two.</exception>
    public static string Find(CommandRun run)
    {
        var text = run.Get(GlobalOptions.Repository);
        var file = run.Get(GlobalOptions.RepositoryFile);
        if (text is not null && file is not null)
            throw new UsageException("--repo and --repository-file exclude each other");
        if (text is null && file is null)
        {
            text = Variables.Own("REPOSITORY");
            file = text is null ? Variables.Own("REPOSITORY_FILE") : null;
        }
        if (text is null && file is null)
        {
            text = Variables.Restic("REPOSITORY");
            file = text is null ? Variables.Restic("REPOSITORY_FILE") : null;
        }
        text ??= file is null ? null : ReadFile(file);
        return text ?? throw new UsageException("no repository is given", "use -r LOCATION or set NECTAR_REPOSITORY");
    }

    private static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileLength)
                throw new UsageException($"the repository file {path} is longer than {MaxFileLength} bytes");
            var text = File.ReadAllText(path).Trim();
            return text.Length > 0 ? text : throw new UsageException($"the repository file {path} is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the repository file {path} cannot be read: {e.Message}");
        }
    }

    /// <summary>A store for the location, limited as the options say; nothing is touched yet.</summary>
    public static IObjectStore Open(string location, CommandRun run)
    {
        var store = ObjectStores.Open(
            location.StartsWith("s3:", StringComparison.Ordinal) ? location : Absolute(location),
            options => Adjust(options, run),
            retry =>
                run.Warn($"{retry.What} failed, next try in {retry.Wait.TotalSeconds:F0} s: {retry.Cause.Message}"),
            run.Time
        );
        var upload = Rate(run, GlobalOptions.LimitUpload);
        var download = Rate(run, GlobalOptions.LimitDownload);
        return upload is null && download is null ? store : new LimitedStore(store, upload, download, run.Time);
    }

    /// <summary>Local copies of what a store far away holds; null for a directory, or if none are wanted.</summary>
    public static Func<IObjectStore, ObjectId, IObjectStore>? Cache(CommandRun run)
    {
        if (run.Get(GlobalOptions.NoCache))
            return null;
        var directory =
            run.Get(GlobalOptions.CacheDirectory, "CACHE_DIR")
            ?? Path.Combine(
                Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                    ? cache
                    : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
                NectarCommand.Name
            );
        return (store, id) => store.IsRemote ? new CachingStore(store, directory, id) : store;
    }

    private static string Absolute(string location) =>
        location.StartsWith("local:", StringComparison.Ordinal) ? Path.GetFullPath(location["local:".Length..])
        : location.Contains(':', StringComparison.Ordinal) ? location
        : Path.GetFullPath(location);

    private static long? Rate(CommandRun run, System.CommandLine.Option<string?> option) =>
        run.Get(option) is { } text && Durations.ParseCount(text, option.Name) is > 0 and var rate
            ? rate * 1024L
            : null;

    /// <summary>What <c>--cacert</c> and <c>-o s3.*</c> say.</summary>
    private static S3Options Adjust(S3Options options, CommandRun run)
    {
        if (run.Get(GlobalOptions.CaCertificate, "CACERT") is { } file)
            options = options with { CertificateAuthorityFile = file };
        foreach (var pair in run.Get(GlobalOptions.Extended))
        {
            var (key, value) = pair.Split('=', 2) is [var name, var text] ? (name, text) : (pair, "");
            options = key switch
            {
                "s3.region" => options with { Region = value },
                "s3.connections" => options with { MaxConnections = Math.Max(1, Durations.ParseCount(value, key)) },
                "s3.bucket-lookup" => options with { PathStyle = value is "path" or "auto" },
                _ => throw new UsageException(
                    $"'{key}' is no extended option",
                    "use s3.region, s3.connections or s3.bucket-lookup"
                ),
            };
        }
        return options;
    }
}
