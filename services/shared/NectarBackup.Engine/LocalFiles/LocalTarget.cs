using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// What is to be backed up, as the tree that the snapshot gets: <c>/srv/x</c> becomes <c>srv</c> -> <c>x</c>, a relative path its own components, <c>.</c> the contents
/// (restic <c>internal/archiver/tree.go</c>). Nodes above the targets are directories of which only the way to the targets is taken.
/// </summary>
internal sealed class LocalTarget
{
    private readonly SortedDictionary<byte[], LocalTarget> _children = new(ByteOrder.Instance);

    private LocalTarget(byte[] path) => Path = path;

    /// <summary>The path to open, as bytes.</summary>
    public byte[] Path { get; }

    /// <summary>The whole of it is backed up, not only the children.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>In ascending order of their names' bytes.</summary>
    public IEnumerable<KeyValuePair<byte[], LocalTarget>> Children => _children;

    /// <summary>Builds the tree of targets.</summary>
    /// <param name="paths">As given by the user; absolute or relative to the working directory.</param>
    /// <param name="workingDirectory">Absolute; for relative paths that lead upwards.</param>
    /// <exception cref="RepositoryException">Refused: an empty path.</exception>
    public static LocalTarget Plan(IEnumerable<byte[]> paths, byte[] workingDirectory)
    {
        var root = new LocalTarget("."u8.ToArray());
        foreach (var path in paths)
        {
            if (path.Length == 0 || path.Contains((byte)0))
                throw new RepositoryException(RepositoryError.Refused, "an empty path cannot be backed up");
            root.Add(path, workingDirectory);
        }
        return root;
    }

    private void Add(byte[] path, byte[] workingDirectory)
    {
        var parts = Clean(path);
        var isAbsolute = path[0] == (byte)'/';
        if (parts.Count > 0 && parts[0] is [(byte)'.', (byte)'.'])
        {
            parts = Clean([.. workingDirectory, (byte)'/', .. path]);
            isAbsolute = true;
        }
        var at = this;
        byte[] prefix = isAbsolute ? "/"u8.ToArray() : [];
        foreach (var part in parts)
        {
            if (at.IsWhole)
                return; // inside of what is backed up whole
            prefix = BytePath.Join(prefix, part);
            if (!at._children.TryGetValue(part, out var child))
                at._children.Add(part, child = new LocalTarget(prefix));
            at = child;
        }
        if (at == this)
            RootPath = isAbsolute ? "/"u8.ToArray() : "."u8.ToArray();
        at.IsWhole = true;
        at._children.Clear();
    }

    /// <summary>What the root stands for if it is backed up whole: <c>/</c> or <c>.</c></summary>
    public byte[] RootPath { get; private set; } = "."u8.ToArray();

    private static List<byte[]> Clean(byte[] path)
    {
        var parts = new List<byte[]>();
        var rest = path.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)'/');
            var part = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            if (part.IsEmpty || part is [(byte)'.'])
                continue;
            if (part is not [(byte)'.', (byte)'.'])
                parts.Add(part.ToArray());
            else if (parts.Count > 0 && parts[^1] is not [(byte)'.', (byte)'.'])
                parts.RemoveAt(parts.Count - 1);
            else if (path[0] != (byte)'/')
                parts.Add(part.ToArray());
        }
        return parts;
    }

    /// <summary>The absolute path for the snapshot's list of paths.</summary>
    public static byte[] Absolute(byte[] path, byte[] workingDirectory)
    {
        byte[] whole = path[0] == (byte)'/' ? path : [.. workingDirectory, (byte)'/', .. path];
        byte[] absolute = "/"u8.ToArray();
        foreach (var part in Clean(whole))
            absolute = BytePath.Join(absolute, part);
        return absolute;
    }

    private sealed class ByteOrder : IComparer<byte[]>
    {
        public static readonly ByteOrder Instance = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
