using System.CommandLine;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>completion bash</c>: a script that completes commands and options, made from the tree of commands.</summary>
internal static class CompletionCommand
{
    public static Command Build(Command root)
    {
        var shell = new Argument<string>("bash");
        return new Command("completion", "Print a completion script: source <(nectar completion bash)") { shell }.Does(
            (run, _) =>
            {
                if (run.Get(shell) != "bash")
                    throw new UsageException($"no completion for '{run.Get(shell)}' is known", "use bash");
                foreach (var line in Script(root))
                    run.Out.Line(line);
                return Task.FromResult(ExitCode.Ok);
            }
        );
    }

    /// <summary>
    /// Two tables, of the words that may follow a command and of the options that take a value, and a function that looks at them: an option's value and
    /// everything that no command or option fits is completed as a file.
    /// </summary>
    private static IEnumerable<string> Script(Command root)
    {
        yield return "# bash completion for nectar";
        yield return "_nectar() {";
        yield return "    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path= i";
        yield return "    for ((i = 1; i < COMP_CWORD; i++)); do";
        yield return "        case \"$path ${COMP_WORDS[i]}\" in";
        foreach (var (path, _) in Walk(root, ""))
            if (path.Length > 0)
                yield return $"            '{path}') path='{path}' ;;";
        yield return "        esac";
        yield return "    done";
        yield return "    local words=";
        yield return "    case $path in";
        foreach (var (path, command) in Walk(root, ""))
            yield return $"        '{path}') words='{string.Join(' ', WordsAfter(command))}' ;;";
        yield return "    esac";
        yield return $"    words+=' {string.Join(' ', Names(GlobalOptions.All))} --help'";
        yield return "    case $previous in";
        yield return $"        {string.Join('|', ValueOptions(root))})";
        yield return "            COMPREPLY=($(compgen -f -- \"$word\")); return ;;";
        yield return "    esac";
        yield return "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))";
        yield return "    [[ $word == -* || $path == '' ]] || COMPREPLY+=($(compgen -f -- \"$word\"))";
        yield return "}";
        yield return "complete -o filenames -F _nectar nectar";
    }

    private static IEnumerable<(string Path, Command Command)> Walk(Command command, string path)
    {
        yield return (path, command);
        foreach (var sub in command.Subcommands.Where(sub => !sub.Hidden))
        foreach (var found in Walk(sub, $"{path} {sub.Name}"))
            yield return found;
    }

    private static IEnumerable<string> WordsAfter(Command command) =>
        command
            .Subcommands.Where(sub => !sub.Hidden)
            .Select(sub => sub.Name)
            .Concat(command.Arguments.SelectMany(Choices))
            .Concat(command.Parents.Any() ? Names(command.Options) : []);

    /// <summary>An argument that is one of several words is named by them.</summary>
    private static string[] Choices(Argument argument) =>
        argument.Name.Any(char.IsLower) ? argument.Name.Split('|') : [];

    private static IEnumerable<string> Names(IEnumerable<Option> options) =>
        options.Where(option => !option.Hidden).Select(option => option.Name);

    private static IEnumerable<string> ValueOptions(Command root) =>
        Walk(root, "")
            .SelectMany(found => found.Command.Options)
            .Where(option => option.Arity.MaximumNumberOfValues > 0)
            .SelectMany(option => option.Aliases.Append(option.Name))
            .Distinct()
            .Order(StringComparer.Ordinal);
}
