using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>The lists of paths to back up (--files-from and its two stricter forms). Paths are bytes.</summary>
public static class PathLists
{
    /// <summary>--files-from-verbatim: one path a line, nothing trimmed, no comments; blank lines are left out.</summary>
    public static IEnumerable<byte[]> ReadVerbatim(ReadOnlyMemory<byte> content)
    {
        while (!content.IsEmpty)
        {
            var line = TextLines.Cut(ref content, (byte)'\n');
            // Lines of DOS files end in CR LF.
            if (line.Length > 0 && line.Span[^1] == (byte)'\r')
                line = line[..^1];
            if (!line.IsEmpty)
                yield return line.ToArray();
        }
    }

    /// <summary>--files-from-raw: paths that end with a NUL each, as from <c>find -print0</c>.</summary>
    /// <exception cref="FormatException">A path is empty, or the last one lacks its NUL: the list may have been cut off.</exception>
    public static IEnumerable<byte[]> ReadRaw(ReadOnlyMemory<byte> content)
    {
        if (!content.IsEmpty && content.Span[^1] != 0)
            throw new FormatException("The last path of the list does not end with a NUL: the list may be cut off.");
        return ReadPieces(content);

        static IEnumerable<byte[]> ReadPieces(ReadOnlyMemory<byte> content)
        {
            while (!content.IsEmpty)
            {
                var path = TextLines.Cut(ref content, 0);
                if (path.IsEmpty)
                    throw new FormatException("A path of the list is empty.");
                yield return path.ToArray();
            }
        }
    }

    /// <summary>--files-from: one pattern a line, trimmed, without comments; each is replaced by the paths that match it now.</summary>
    /// <param name="content">The whole file.</param>
    /// <param name="unmatched">Receives each pattern that matches nothing.</param>
    /// <exception cref="FormatException">A pattern is malformed.</exception>
    public static IEnumerable<byte[]> ReadPatterns(ReadOnlyMemory<byte> content, Action<byte[]> unmatched)
    {
        foreach (var line in TextLines.Read(content))
        {
            var found = Expand(line.Span);
            if (found.Count == 0)
                unmatched(line.ToArray());
            foreach (var path in found)
                yield return path;
        }
    }

    /// <summary>The existing paths that match a shell pattern, in ascending order; directories that cannot be read count as empty.</summary>
    /// <exception cref="FormatException">The pattern is malformed.</exception>
    internal static List<byte[]> Expand(ReadOnlySpan<byte> pattern)
    {
        var parts = PathPattern.Split(pattern);
        foreach (var part in parts)
            if (!ComponentPattern.IsValid(part))
                throw new FormatException($"The pattern '{BytePath.Display(pattern)}' is malformed.");
        List<byte[]> found =
        [
            [],
        ];
        for (var i = 0; i < parts.Length; i++)
        {
            var part = parts[i];
            var next = new List<byte[]>();
            foreach (var directory in found)
            {
                if (ComponentPattern.IsLiteral(part))
                    next.Add(BytePath.Join(directory, part));
                else
                    AddMatches(directory, part, next);
            }
            found = next;
        }
        found.RemoveAll(static path => !Exists(path));
        return found;
    }

    private static void AddMatches(byte[] directory, byte[] part, List<byte[]> into)
    {
        try
        {
            using var opened = LocalDirectory.OpenRoot(directory.Length == 0 ? "."u8 : directory);
            using var names = opened.ReadNames();
            for (var i = 0; i < names.Count; i++)
                if (ComponentPattern.IsMatch(part, names[i]))
                    into.Add(BytePath.Join(directory, names[i]));
        }
        catch (LocalFileException)
        {
            // As a shell does: what cannot be listed matches nothing, and the caller reports a pattern without a match.
        }
    }

    private static unsafe bool Exists(byte[] path)
    {
        if (path.Length is 0 or > BytePath.MaxPathLength)
            return false;
        var terminated = stackalloc byte[path.Length + 1];
        LibC.Terminate(path, terminated);
        LibC.StatXBuffer raw;
        return LibC.StatX(LibC.AtCurrentDirectory, terminated, LibC.AtSymlinkNoFollow, 0, &raw) == 0;
    }
}
