using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>dump</c>: one file of a snapshot, or a directory as an archive, to standard output or a file.</summary>
internal static class DumpCommand
{
    private const int BufferSize = 1 << 20;

    public static Command Build()
    {
        var name = new Argument<string>("SNAPSHOT[:PATH]");
        var file = new Argument<string>("FILE");
        var archive = GlobalOptions.Text("--archive", "write directories as tar or zip (default: tar)", "FORMAT", "-a");
        var target = GlobalOptions.Text("--target", "write into a file", "FILE", "-t");
        var command = new Command(
            "dump",
            "Write a file of a snapshot, or a directory as an archive, to standard output"
        )
        {
            name,
            file,
            archive,
            target,
        };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var format = run.Get(archive) ?? "tar";
                if (format is not ("tar" or "zip"))
                    throw new UsageException($"'{format}' is no archive format", "use tar or zip");
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var (id, path) = SnapshotPath.Split(run.Get(name));
                var snapshot = list.Find(id, filter);
                await open.Repository.LoadIndexAsync(open.Token);
                var root = await SnapshotPath.FindTreeAsync(open.Repository, snapshot.Tree, path, open.Token);
                var wanted = RawArguments.BytesOf(run.Get(file));
                var node = await SnapshotPath.FindAsync(open.Repository, root, wanted, open.Token);
                await using var output = run.Get(target) is { } into
                    ? new FileStream(into, FileMode.Create, FileAccess.Write)
                    : Console.OpenStandardOutput();
                await using var buffered = new BufferedStream(output, BufferSize);
                await WriteAsync(open, node, node?.Subtree ?? root, wanted, format, buffered);
                await buffered.FlushAsync(open.Token);
                return ExitCode.Ok;
            }
        );
    }

    private static Task WriteAsync(
        OpenRepository open,
        Node? node,
        ObjectId tree,
        byte[] path,
        string format,
        Stream output
    )
    {
        if (node is not null && node.Type != NodeType.Directory)
            return TreeDump.WriteFileAsync(open.Repository, node, output, open.Token);
        // Names in the archive are the paths in the snapshot, as restic has them.
        var prefix = path.AsSpan().Trim((byte)'/').ToArray();
        return format == "tar"
            ? TreeDump.WriteTarAsync(open.Repository, tree, prefix, output, open.Token)
            : ZipDump.WriteAsync(open.Repository, tree, prefix, output, open.Token);
    }
}
