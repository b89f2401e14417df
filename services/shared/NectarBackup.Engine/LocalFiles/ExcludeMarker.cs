using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>A file whose presence, with the right first bytes, excludes the rest of its directory (restic <c>isExcludedByFile</c>).</summary>
internal sealed class ExcludeMarker
{
    private const int MaxHeaderLength = 64 * 1024;

    private readonly byte[] _name;
    private readonly byte[] _header;

    /// <exception cref="FormatException">The name is no component of a path, or the header is too long.</exception>
    internal ExcludeMarker(ReadOnlySpan<byte> name, ReadOnlySpan<byte> header)
    {
        if (name.IsEmpty || name.Length > BytePath.MaxNameLength || name.IndexOfAny((byte)'/', (byte)0) >= 0)
            throw new FormatException($"'{BytePath.Display(name)}' is no file name.");
        if (header.Length > MaxHeaderLength)
            throw new FormatException(
                $"The header for '{BytePath.Display(name)}' has more than {MaxHeaderLength} bytes."
            );
        _name = name.ToArray();
        _header = header.ToArray();
    }

    internal ReadOnlyMemory<byte> Name => _name;

    internal bool IsIn(LocalDirectory directory)
    {
        if (!directory.TryGetStatus(_name, out var status))
            return false;
        if (_header.Length == 0)
            return true;
        if (status.Type != NodeType.File || status.Size < _header.Length)
            return false;
        using var file = directory.OpenFile(_name, status);
        Span<byte> start = new byte[_header.Length];
        return file.Read(start, 0) == start.Length && start.SequenceEqual(_header);
    }
}
