using System.Text;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Opening;

/// <summary>Splits a command into words as a shell would, and does nothing else that a shell does.</summary>
internal static class Words
{
    /// <summary>Blanks part words; quotes of either kind hold them together; a backslash takes the next character as it is, save within single quotes.</summary>
    /// <exception cref="UsageException">A quote is not closed.</exception>
    public static List<string> Split(string command)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isOpen = false;
        var quote = '\0';
        for (var i = 0; i < command.Length; i++)
        {
            var c = command[i];
            if (c == '\\' && quote != '\'' && i + 1 < command.Length)
            {
                word.Append(command[++i]);
                isOpen = true;
            }
            else if (quote != '\0')
            {
                if (c == quote)
                    quote = '\0';
                else
                    word.Append(c);
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                isOpen = true;
            }
            else if (!char.IsWhiteSpace(c))
            {
                word.Append(c);
                isOpen = true;
            }
            else if (isOpen)
            {
                words.Add(word.ToString());
                word.Clear();
                isOpen = false;
            }
        }
        if (quote != '\0')
            throw new UsageException($"the command '{command}' has a quote that is not closed");
        if (isOpen)
            words.Add(word.ToString());
        return words;
    }
}
