using NectarBackup.Engine;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>What the shell is told, by restic's numbers (restic manual: "Exit codes").</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>An error, also a wrong option.</summary>
    public const int Failed = 1;

    /// <summary>A snapshot was made, but some of the source could not be read. (A restore that misses files answers 1, as restic does.)</summary>
    public const int Partial = 3;

    public const int NoRepository = 10;
    public const int Locked = 11;
    public const int WrongPassword = 12;

    /// <summary>SIGINT or SIGTERM.</summary>
    public const int Interrupted = 130;

    public static int Of(RepositoryError error) =>
        error switch
        {
            RepositoryError.NotFound => NoRepository,
            RepositoryError.Locked => Locked,
            RepositoryError.WrongPassword => WrongPassword,
            _ => Failed,
        };
}
