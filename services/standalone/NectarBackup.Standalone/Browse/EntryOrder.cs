using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Browse;

/// <summary>Keeps what is listed until all is known, and gives it out in the order of <c>ls --sort</c>; equals stay in the order of their paths.</summary>
internal sealed class EntryOrder(string by, bool isReversed)
{
    private readonly List<(byte[] Path, long High, int Low, byte[] Text, Action Show)> _entries = [];

    /// <exception cref="UsageException">There is no such order.</exception>
    public static EntryOrder? Parse(string? by, bool isReversed) =>
        by switch
        {
            null => isReversed ? new EntryOrder("name", true) : null,
            "name" or "size" or "time" or "mtime" or "atime" or "ctime" or "extension" => new EntryOrder(
                by,
                isReversed
            ),
            _ => throw new UsageException(
                $"'{by}' is no order for --sort",
                "use name, size, time, atime, ctime or extension"
            ),
        };

    /// <param name="node">Good for this call only.</param>
    /// <param name="path">Its path, likewise.</param>
    /// <param name="show">Prints what it holds of them.</param>
    public void Add(Node node, ReadOnlySpan<byte> path, Action show)
    {
        var time = by switch
        {
            "time" or "mtime" => node.ModifyTime,
            "atime" => node.AccessTime,
            "ctime" => node.ChangeTime,
            "size" => new NodeTime((long)Math.Min(node.Size, long.MaxValue), 0),
            _ => default,
        };
        _entries.Add(
            (path.ToArray(), time.Seconds, time.Nanoseconds, by == "extension" ? Extension(node.Name.Span) : [], show)
        );
    }

    private static byte[] Extension(ReadOnlySpan<byte> name) =>
        name.LastIndexOf((byte)'.') is >= 0 and var dot ? name[dot..].ToArray() : [];

    public void ShowAll()
    {
        _entries.Sort(
            static (a, b) =>
                a.High != b.High ? a.High.CompareTo(b.High)
                : a.Low != b.Low ? a.Low.CompareTo(b.Low)
                : a.Text.AsSpan().SequenceCompareTo(b.Text) is not 0 and var order ? order
                : a.Path.AsSpan().SequenceCompareTo(b.Path)
        );
        if (isReversed)
            _entries.Reverse();
        foreach (var entry in _entries)
            entry.Show();
    }
}
