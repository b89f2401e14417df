using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;

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

    /// <summary>A store for the location; nothing is touched yet.</summary>
    public static IObjectStore Open(string location, CommandRun run)
    {
        if (location.StartsWith("local:", StringComparison.Ordinal))
            return new DirectoryStore(Path.GetFullPath(location["local:".Length..]), run.Time);
        var colon = location.IndexOf(':', StringComparison.Ordinal);
        return colon > 1 && location.AsSpan(0, colon).IndexOfAnyExceptInRange('a', 'z') < 0
            ? throw new UsageException(
                $"'{location[..colon]}' is no kind of repository that is known here",
                "use a directory or s3:URL/BUCKET/PREFIX"
            )
            : new DirectoryStore(Path.GetFullPath(location), run.Time);
    }
}
