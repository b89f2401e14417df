using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>The text of <c>--help</c>: what the command does, its options, then those of all commands.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private const int Column = 36;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult) => Write(parseResult.CommandResult.Command, Console.Out);

    public static int Write(Command command, TextWriter to)
    {
        to.WriteLine(command.Description);
        to.WriteLine();
        to.WriteLine("Usage:");
        to.WriteLine($"  {Usage(command)}");
        if (command.Subcommands.Count > 0)
        {
            to.WriteLine();
            to.WriteLine("Commands:");
            foreach (var sub in command.Subcommands.Where(sub => !sub.Hidden))
                to.WriteLine($"  {sub.Name, -14}{FirstLine(sub.Description)}");
        }
        var isRoot = !command.Parents.Any();
        if (!isRoot)
            WriteOptions("Options:", command.Options, to);
        WriteOptions(isRoot ? "Options:" : "Options of all commands:", GlobalOptions.All, to);
        to.WriteLine();
        to.WriteLine(
            "Exit status: 0 done, 1 error, 3 done in part, 10 no repository, 11 locked, 12 wrong password, 130 interrupted."
        );
        to.Flush();
        return ExitCode.Ok;
    }

    private static string FirstLine(string? description) => description?.Split('\n')[0] ?? "";

    private static string Usage(Command command)
    {
        var words = new List<string>();
        for (Symbol? at = command; at is not null; at = at.Parents.FirstOrDefault())
            words.Insert(0, at.Name);
        if (command.Subcommands.Count > 0)
            words.Add("COMMAND");
        words.Add("[OPTION]...");
        foreach (var argument in command.Arguments)
        {
            var name = argument.Arity.MaximumNumberOfValues > 1 ? argument.Name + "..." : argument.Name;
            words.Add(argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name);
        }
        return string.Join(' ', words);
    }

    private static void WriteOptions(string title, IEnumerable<Option> options, TextWriter to)
    {
        var shown = options.Where(option => !option.Hidden && option is not HelpOption).ToList();
        if (shown.Count == 0)
            return;
        to.WriteLine();
        to.WriteLine(title);
        foreach (var option in shown.OrderBy(option => option.Name, StringComparer.Ordinal))
        {
            var letter = option.Aliases.FirstOrDefault(alias => alias.Length == 2);
            var left = $"  {(letter is null ? "    " : letter + ", ")}{option.Name}";
            if (option.HelpName is not null)
                left += " " + option.HelpName;
            to.WriteLine(
                left.Length < Column
                    ? $"{left.PadRight(Column)}{option.Description}"
                    : $"{left}\n{"".PadRight(Column)}{option.Description}"
            );
        }
    }
}
