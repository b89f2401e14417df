using System.CommandLine;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>The options that every command takes. Those with a variable in their description fall back to the environment.</summary>
internal static class GlobalOptions
{
    public static readonly Option<string?> Repository = Text(
        "--repo",
        "where the repository is: a directory or s3:URL/BUCKET/PREFIX ($NECTAR_REPOSITORY)",
        "LOCATION",
        "-r"
    );

    public static readonly Option<string?> RepositoryFile = Text(
        "--repository-file",
        "read the location from a file ($NECTAR_REPOSITORY_FILE)",
        "FILE"
    );

    public static readonly Option<string?> PasswordFile = Text(
        "--password-file",
        "read the password from a file ($NECTAR_PASSWORD_FILE)",
        "FILE",
        "-p"
    );

    public static readonly Option<string?> PasswordCommand = Text(
        "--password-command",
        "take the password from what a program prints; no shell ($NECTAR_PASSWORD_COMMAND)",
        "COMMAND"
    );

    public static readonly Option<bool> Json = Flag("--json", "write JSON");
    public static readonly Option<bool> Verbose = Flag(
        "--verbose",
        "say more; twice: name every file; three times: show where an internal error arose",
        "-v"
    );
    public static readonly Option<bool> Quiet = Flag("--quiet", "print errors and results only", "-q");

    public static readonly Option<string?> RetryLock = Text(
        "--retry-lock",
        "wait this long for a locked repository: 30s, 5m, 2h (default: do not wait)",
        "DURATION"
    );

    public static readonly Option<bool> NoLock = Flag("--no-lock", "read without a lock, from read-only repositories");
    public static readonly Option<bool> NoCache = Flag("--no-cache", "keep no local copies of indexes and trees");

    public static readonly Option<string?> CacheDirectory = Text(
        "--cache-dir",
        "where local copies of S3 data are kept (default: $NECTAR_CACHE_DIR, else ~/.cache/nectar)",
        "DIR"
    );

    public static readonly Option<string?> LimitUpload = Text(
        "--limit-upload",
        "upload at most this many KiB per second (default: no limit)",
        "RATE"
    );

    public static readonly Option<string?> LimitDownload = Text(
        "--limit-download",
        "download at most this many KiB per second (default: no limit)",
        "RATE"
    );

    public static readonly Option<string?> Compression = Text(
        "--compression",
        "auto, off or max (default: $NECTAR_COMPRESSION, else auto)",
        "MODE"
    );

    public static readonly Option<string?> CaCertificate = Text(
        "--cacert",
        "trust the certificates of a PEM file ($NECTAR_CACERT)",
        "FILE"
    );

    public static readonly Option<string[]> Extended = Texts(
        "--option",
        "set s3.region, s3.connections or s3.bucket-lookup",
        "KEY=VALUE",
        "-o"
    );

    public static readonly IReadOnlyList<Option> All =
    [
        CaCertificate,
        CacheDirectory,
        Compression,
        Json,
        LimitDownload,
        LimitUpload,
        NoCache,
        NoLock,
        Extended,
        PasswordCommand,
        PasswordFile,
        Quiet,
        Repository,
        RepositoryFile,
        RetryLock,
        Verbose,
    ];

    public static Option<bool> Flag(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, Arity = ArgumentArity.Zero };

    public static Option<string?> Text(string name, string description, string value, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = value,
            Arity = ArgumentArity.ExactlyOne,
        };

    /// <summary>May be given several times.</summary>
    public static Option<string[]> Texts(string name, string description, string value, params string[] aliases) =>
        new(name, aliases)
        {
            Description = description,
            HelpName = value,
            Arity = ArgumentArity.OneOrMore,
        };

    /// <summary>The arguments after the options; <paramref name="name"/> stands in the usage line.</summary>
    public static Argument<string[]> Rest(string name) => new(name) { Arity = ArgumentArity.ZeroOrMore };
}
