using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Chunking;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>init</c>: a new repository.</summary>
internal static class InitCommand
{
    public static Command Build()
    {
        var copy = GlobalOptions.Flag(
            "--copy-chunker-params",
            "cut files as the repository of --from-repo does, so that copies are deduplicated"
        );
        var from = new OtherRepositoryOptions();
        var version = GlobalOptions.Text("--repository-version", "2, latest or stable", "VERSION");
        var command = new Command("init", "Make a new repository") { copy, version };
        from.AddTo(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                if (run.Get(version) is { } wanted and not ("2" or "latest" or "stable"))
                    throw new UsageException($"no repository of version {wanted} can be made", "use version 2");
                ChunkerPolynomial? polynomial = null;
                if (run.Get(copy))
                {
                    await using var other = await from.OpenAsync(run, LockMode.None, cancellationToken);
                    polynomial = other.Repository.Config.Polynomial;
                }
                var store = Location.Open(Location.Find(run), run);
                var password = await Password.GetAsync(run, isNew: true, cancellationToken);
                var self = LocalLockIdentity.Instance;
                await using var repository = await Repository.InitAsync(
                    store,
                    password,
                    polynomial,
                    (self.UserName, self.HostName),
                    run.Time,
                    cancellationToken
                );
                Tell(run, repository);
                return ExitCode.Ok;
            }
        );
    }

    private static void Tell(CommandRun run, Repository repository)
    {
        var id = repository.Config.Id.ToString();
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "initialized");
                json.WriteString("id", id);
                json.WriteString("repository", repository.Store.Location);
                json.WriteEndObject();
            });
            return;
        }
        run.Say($"created repository {id[..10]} at {repository.Store.Location}");
        run.Say("");
        run.Say("Keep the password: without it nothing in the repository can ever be read again.");
    }
}
