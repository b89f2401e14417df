using System.CommandLine;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Opening;

/// <summary>The second repository of <c>copy</c> and <c>init --copy-chunker-params</c>: where, and its password.</summary>
internal sealed class OtherRepositoryOptions
{
    private readonly Option<string?> _location = GlobalOptions.Text(
        "--from-repo",
        "the repository to copy from ($NECTAR_FROM_REPOSITORY)",
        "LOCATION"
    );

    private readonly Option<string?> _passwordFile = GlobalOptions.Text(
        "--from-password-file",
        "the file with its password ($NECTAR_FROM_PASSWORD_FILE)",
        "FILE"
    );

    private readonly Option<string?> _passwordCommand = GlobalOptions.Text(
        "--from-password-command",
        "the program that prints its password ($NECTAR_FROM_PASSWORD_COMMAND)",
        "COMMAND"
    );

    public void AddTo(Command command)
    {
        command.Add(_location);
        command.Add(_passwordFile);
        command.Add(_passwordCommand);
    }

    public async Task<OpenRepository> OpenAsync(CommandRun run, LockMode mode, CancellationToken cancellationToken)
    {
        var location =
            run.Get(_location, "FROM_REPOSITORY")
            ?? throw new UsageException("no repository to copy from is given", "use --from-repo");
        var password = await Password.GetOtherAsync(
            run.Get(_passwordFile),
            run.Get(_passwordCommand),
            cancellationToken
        );
        return await OpenRepository.OpenAsync(run, Location.Open(location, run), password, mode, cancellationToken);
    }
}
