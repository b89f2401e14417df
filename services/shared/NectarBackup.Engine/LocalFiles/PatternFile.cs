using System.Text;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Files of patterns (--exclude-file, --iexclude-file): one a line, blank lines and lines that begin with '#' left out, white space around them
/// dropped, <c>$NAME</c> and <c>${NAME}</c> replaced from the environment, <c>$$</c> for a dollar.
/// </summary>
public static class PatternFile
{
    /// <param name="content">The whole file: UTF-8 or raw bytes; a byte order mark is dropped.</param>
    /// <param name="variable">The value of a variable; null if it is not set, which counts as empty.</param>
    public static IEnumerable<byte[]> Read(ReadOnlyMemory<byte> content, Func<string, string?> variable)
    {
        foreach (var line in TextLines.Read(content))
            yield return Expand(line.Span, variable);
    }

    // Go os.Expand, as far as a pattern can tell.
    private static byte[] Expand(ReadOnlySpan<byte> line, Func<string, string?> variable)
    {
        var expanded = new List<byte>(line.Length);
        while (!line.IsEmpty)
        {
            var dollar = line.IndexOf((byte)'$');
            if (dollar < 0 || dollar == line.Length - 1)
            {
                expanded.AddRange(line);
                break;
            }
            expanded.AddRange(line[..dollar]);
            line = line[(dollar + 1)..];
            var name = VariableName(line, out var length);
            if (name.SequenceEqual("$"u8))
                expanded.Add((byte)'$');
            else if (!name.IsEmpty)
                expanded.AddRange(Encoding.UTF8.GetBytes(variable(Encoding.UTF8.GetString(name)) ?? ""));
            else if (length == 0)
                // No name follows: the dollar stands for itself. (A malformed "${" is dropped.)
                expanded.Add((byte)'$');
            line = line[length..];
        }
        return [.. expanded];
    }

    private static ReadOnlySpan<byte> VariableName(ReadOnlySpan<byte> text, out int length)
    {
        if (text[0] == (byte)'{')
        {
            var close = text.IndexOf((byte)'}');
            length = close < 0 ? 1 : close + 1;
            return close < 0 ? default : text[1..close];
        }
        if ("*#$@!?-0123456789"u8.Contains(text[0]))
        {
            length = 1;
            return text[..1];
        }
        length = 0;
        while (length < text.Length && (text[length] == (byte)'_' || char.IsAsciiLetterOrDigit((char)text[length])))
            length++;
        return text[..length];
    }
}
