using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Backup;

/// <summary>Standard input as the one file of a snapshot (restic <c>internal/fs/fs_reader.go</c>).</summary>
internal static class StandardInput
{
    private const uint FileMode = 0b110_100_100;
    private const uint DirectoryMode = 0b111_101_101;

    /// <summary>Adds the file, in its directories, to the writer's root. The stream's end is the file's end.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="path">Absolute, as raw bytes.</param>
    /// <param name="from">What is read.</param>
    /// <param name="wait">Called before each read; blocks until there is something to read, or stops with an exception.</param>
    /// <param name="now">The file's times.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    public static void Store(
        SnapshotWriter writer,
        ReadOnlySpan<byte> path,
        Stream from,
        Action<CancellationToken> wait,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var content = writer.NewContentWriter();
        var opened = new Stack<DirectoryBuilder>();
        var at = writer.Root;
        var rest = path[1..];
        for (int slash; (slash = rest.IndexOf((byte)'/')) >= 0; rest = rest[(slash + 1)..])
        {
            at = content.OpenDirectory(at, NodeOf(rest[..slash], NodeType.Directory, DirectoryMode, now));
            opened.Push(at);
        }
        content.BeginFile(at);
        while (true)
        {
            wait(cancellationToken);
            var count = from.Read(content.GetBuffer());
            if (count == 0)
                break;
            content.Advance(count);
            writer.Progress.BytesRead(count);
        }
        content.EndFile(NodeOf(rest, NodeType.File, FileMode, now));
        writer.Progress.FileDone(isNew: true, isUnmodified: false, 0);
        while (opened.TryPop(out var directory))
        {
            content.CloseDirectory(directory);
            writer.Progress.DirectoryDone(isNew: true, isUnmodified: false);
        }
        content.Flush();
    }

    private static Node NodeOf(ReadOnlySpan<byte> name, NodeType type, uint mode, DateTimeOffset now)
    {
        var time = new NodeTime(
            now.ToUnixTimeSeconds(),
            (int)(now.UtcTicks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick)
        );
        var self = LocalLockIdentity.Instance;
        return new Node
        {
            Name = name.ToArray(),
            Type = type,
            Mode = mode,
            ModifyTime = time,
            AccessTime = time,
            ChangeTime = time,
            UserId = self.UserId,
            GroupId = self.GroupId,
            User = self.UserName,
        };
    }
}
