namespace NectarBackup.Engine.LocalFiles;

/// <summary>The lines of files that people write.</summary>
internal static class TextLines
{
    /// <summary>Lines without white space around them; neither blank ones nor comments ('#' first). A UTF-8 byte order mark is dropped.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> content)
    {
        if (content.Span.StartsWith("\ufeff"u8))
            content = content[3..];
        while (!content.IsEmpty)
        {
            var line = Cut(ref content, (byte)'\n');
            line = Trim(line);
            if (!line.IsEmpty && line.Span[0] != (byte)'#')
                yield return line;
        }
    }

    /// <summary>Takes what precedes the first <paramref name="end"/>, or all.</summary>
    internal static ReadOnlyMemory<byte> Cut(ref ReadOnlyMemory<byte> content, byte end)
    {
        var at = content.Span.IndexOf(end);
        var piece = at < 0 ? content : content[..at];
        content = at < 0 ? default : content[(at + 1)..];
        return piece;
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> line) => line.Trim(" \t\r\v\f"u8);
}
