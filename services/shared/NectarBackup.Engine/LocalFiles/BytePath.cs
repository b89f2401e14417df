using System.Globalization;
using System.Text;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>Paths and names as the kernel has them: bytes, '/' between components, no encoding.</summary>
public static class BytePath
{
    /// <summary>Longest component that Linux file systems take (<c>NAME_MAX</c>).</summary>
    public const int MaxNameLength = 255;

    /// <summary>Longest path that one system call takes, without its NUL (<c>PATH_MAX</c> - 1).</summary>
    public const int MaxPathLength = 4095;

    private static readonly UTF8Encoding s_utf8 = new(false, true);

    /// <summary>
    /// For people: bytes that are no UTF-8, control characters and the backslash as <c>\xHH</c> or <c>\\</c>, so that no name can forge a line of a
    /// log or of a terminal, and no two names look alike.
    /// </summary>
    public static string Display(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            var length = DecodeRune(path, out var rune);
            if (length == 1 && path[0] == (byte)'\\')
                text.Append(@"\\");
            else if (rune < 0 || IsUnprintable(new Rune(rune)))
                foreach (var octet in path[..length])
                    text.Append(CultureInfo.InvariantCulture, $"\\x{octet:x2}");
            else
                text.Append(new Rune(rune).ToString());
            path = path[length..];
        }
        return text.ToString();
    }

    private static bool IsUnprintable(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned;

    /// <summary>
    /// The bytes of a path given as text, as by <c>Main</c>'s arguments. The runtime has replaced what is no UTF-8 there: such paths have to come from
    /// a file (<c>--files-from-raw</c>).
    /// </summary>
    /// <exception cref="EncoderFallbackException">The text has a lone surrogate.</exception>
    public static byte[] FromText(string path) => s_utf8.GetBytes(path);

    /// <summary>Bytes of the first character (1 if it is no UTF-8) and its code point, or -1. The path is not empty.</summary>
    internal static int DecodeRune(ReadOnlySpan<byte> path, out int rune)
    {
        if (path[0] < 0x80)
        {
            rune = path[0];
            return 1;
        }
        if (Rune.DecodeFromUtf8(path, out var decoded, out var length) == System.Buffers.OperationStatus.Done)
        {
            rune = decoded.Value;
            return length;
        }
        rune = -1;
        return 1;
    }

    /// <summary>The two with exactly one '/' between them; the name alone if the directory is empty.</summary>
    internal static byte[] Join(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name) =>
        directory.IsEmpty ? name.ToArray()
        : directory[^1] == (byte)'/' ? [.. directory, .. name]
        : [.. directory, (byte)'/', .. name];
}
