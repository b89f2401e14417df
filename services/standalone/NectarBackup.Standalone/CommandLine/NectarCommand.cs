using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.ExceptionServices;
using System.Security;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.Commands;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>
/// The program: parse, run one command, turn every error into one line and an exit code. Commands raise typed errors and never end the process.
/// </summary>
internal static class NectarCommand
{
    public const string Name = "nectar";

    public static Command Build()
    {
        var root = new Command(Name, "Backups in restic's repository format: fast, encrypted, deduplicated.");
        foreach (var option in GlobalOptions.All)
        {
            option.Recursive = true;
            root.Add(option);
        }
        root.Add(new HelpOption("--help", "-h") { Action = new HelpText(), Recursive = true });
        foreach (var command in CommandList.Build(root).OrderBy(command => command.Name, StringComparer.Ordinal))
            root.Add(command);
        root.SetAction(parsed => HelpText.Write(root, Console.Out));
        return root;
    }

    /// <summary>The process's one run.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        // Of what a thread of its own threw, the runtime would print the trace, and abort. The lock stays behind, but the user gets a line.
        ExceptionHandling.SetUnhandledExceptionHandler(static error =>
        {
            using var streams = new Streams();
            Environment.Exit(Tell(streams, null, error, isInterrupted: false));
            return true;
        });
        return await RunAsync(Build(), args);
    }

    /// <summary>Never throws: whatever happens becomes a line and an exit code.</summary>
    public static async Task<int> RunAsync(Command root, string[] args)
    {
        using var streams = new Streams();
        ParseResult? parsed = null;
        using var interruption = new Interruption();
        try
        {
            RawArguments.Remember(args);
            parsed = root.Parse(SpellOut(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Action is not HelpText && Complain(parsed, args) is { } complaint)
                throw new UsageException(complaint, "see 'nectar --help'");
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, interruption.Token);
        }
        catch (Exception e)
        {
            return Tell(streams, parsed, e, interruption.Token.IsCancellationRequested);
        }
    }

    /// <summary>Gives a command its action.</summary>
    public static Command Does(this Command command, Func<CommandRun, CancellationToken, Task<int>> action)
    {
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var streams = new Streams();
                var run = new CommandRun(parsed, streams, TimeProvider.System);
                try
                {
                    return await action(run, cancellationToken);
                }
                catch (OperationCanceledException e)
                    when (run.HasLostLock && !cancellationToken.IsCancellationRequested)
                {
                    throw new RepositoryException(
                        RepositoryError.Locked,
                        "the lock on the repository was lost: it could not be refreshed in time, or was removed",
                        "run the command again",
                        e
                    );
                }
            }
        );
        return command;
    }

    private static int Tell(Streams streams, ParseResult? parsed, Exception error, bool isInterrupted)
    {
        var (code, message, hint) = error switch
        {
            OperationCanceledException when isInterrupted => (ExitCode.Interrupted, "interrupted", null),
            UsageException e => (ExitCode.Failed, e.Message, e.Hint),
            RepositoryException e => (ExitCode.Of(e.Error), e.Message, e.Hint),
            StoreException or IOException or UnauthorizedAccessException or SecurityException => (
                ExitCode.Failed,
                error.Message,
                null
            ),
            _ => (
                ExitCode.Failed,
                $"internal error: {error.GetType().Name}: {error.Message}",
                WantsTrace(parsed) ? "please report it with these lines" : "please report it, with the output of -vvv"
            ),
        };
        Report(streams, parsed, code, message, hint);
        if (WantsTrace(parsed) && code == ExitCode.Failed)
            Console.Error.WriteLine(error);
        return code;
    }

    private static bool WantsTrace(ParseResult? parsed) =>
        parsed?.GetResult(GlobalOptions.Verbose)?.IdentifierTokenCount >= 3;

    private static void Report(Streams streams, ParseResult? parsed, int code, string message, string? hint)
    {
        var line = (hint is null ? message : $"{message}; {hint}").ReplaceLineEndings(" ");
        if (parsed?.GetValue(GlobalOptions.Json) == true)
            streams.ErrorJson(code, line);
        else
            streams.Error(line);
    }

    /// <summary>What is wrong with the command line, or null. The parser takes unknown options for arguments where a command has any.</summary>
    private static string? Complain(ParseResult parsed, string[] args)
    {
        if (parsed.Errors.Count > 0)
            return string.Join("; ", parsed.Errors.Select(error => error.Message.TrimEnd('.')));
        var literal = args.SkipWhile(arg => arg != "--").ToHashSet();
        var unknown = parsed
            .CommandResult.Command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? [])
            .FirstOrDefault(token => token.Value.Length > 1 && token.Value[0] == '-' && !literal.Contains(token.Value));
        return unknown is null ? null : $"unknown option '{unknown.Value}'";
    }

    /// <summary><c>--verbose=2</c>, which restic takes, as <c>-v -v</c>.</summary>
    private static List<string> SpellOut(string[] args)
    {
        var words = new List<string>(args.Length);
        var isOption = true;
        foreach (var arg in args)
        {
            isOption &= arg != "--";
            var count =
                isOption && arg.StartsWith("--verbose=", StringComparison.Ordinal) && arg.Length == 11
                    ? arg[10] - '0'
                    : -1;
            if (count is >= 0 and <= 3)
                words.AddRange(Enumerable.Repeat("-v", count));
            else
                words.Add(arg);
        }
        return words;
    }
}
