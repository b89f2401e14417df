using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
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

    public static async Task<int> RunAsync(string[] args)
    {
        using var streams = new Streams();
        RawArguments.Remember(args);
        var parsed = Build().Parse(SpellOut(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is not HelpText && Complain(parsed, args) is { } complaint)
            return Report(streams, parsed, ExitCode.Failed, complaint, "see 'nectar --help'");
        using var interruption = new Interruption();
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
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
                return await action(new CommandRun(parsed, streams, TimeProvider.System), cancellationToken);
            }
        );
        return command;
    }

    private static int Tell(Streams streams, ParseResult parsed, Exception error, bool isInterrupted) =>
        error switch
        {
            OperationCanceledException when isInterrupted => Report(
                streams,
                parsed,
                ExitCode.Interrupted,
                "interrupted",
                null
            ),
            UsageException e => Report(streams, parsed, ExitCode.Failed, e.Message, e.Hint),
            RepositoryException e => Report(streams, parsed, ExitCode.Of(e.Error), e.Message, e.Hint),
            StoreException or IOException or UnauthorizedAccessException or SecurityException => Report(
                streams,
                parsed,
                ExitCode.Failed,
                error.Message,
                null
            ),
            _ => Report(
                streams,
                parsed,
                ExitCode.Failed,
                $"this is a bug in {Name}: {error.GetType().Name}: {error.Message}",
                $"please report it{(parsed.GetResult(GlobalOptions.Verbose) is null ? ", with the output of the same command with -v" : $":\n{error.StackTrace}")}"
            ),
        };

    private static int Report(Streams streams, ParseResult parsed, int code, string message, string? hint)
    {
        var line = hint is null ? message : $"{message}; {hint}";
        if (parsed.GetValue(GlobalOptions.Json))
            streams.ErrorJson(code, line);
        else
            streams.Error(line);
        return code;
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
