using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>ls</c>: what a snapshot holds, all of it or some directories.</summary>
internal static class LsCommand
{
    public static Command Build()
    {
        var arguments = GlobalOptions.Rest("SNAPSHOT[:PATH] [DIRECTORY]");
        var isLong = GlobalOptions.Flag("--long", "show permissions, owner, size and time too", "-l");
        var recursive = GlobalOptions.Flag("--recursive", "also what lies below the given directories");
        var human = GlobalOptions.Flag("--human-readable", "show sizes as KiB, MiB, GiB");
        var sort = GlobalOptions.Text(
            "--sort",
            "name, size, time (or mtime), atime, ctime or extension (default: directory by directory)",
            "ORDER",
            "-s"
        );
        var reverse = GlobalOptions.Flag("--reverse", "list in the opposite order");
        var command = new Command("ls", "List the files of a snapshot")
        {
            arguments,
            isLong,
            recursive,
            human,
            sort,
            reverse,
        };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                if (run.Get(arguments) is not [var name, .. var directories])
                    throw new UsageException("no snapshot is given", "name one, or use 'latest'");
                if (directories.FirstOrDefault(directory => !directory.StartsWith('/')) is { } relative)
                    throw new UsageException($"'{relative}' does not begin with '/'", "all paths of a snapshot do");
                var order = EntryOrder.Parse(run.Get(sort), run.Get(reverse));
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var (id, path) = SnapshotPath.Split(name);
                var snapshot = list.Find(id, filter);
                await open.Repository.LoadIndexAsync(open.Token);
                var root = await SnapshotPath.FindTreeAsync(open.Repository, snapshot.Tree, path, open.Token);
                var listing = new Listing(run, order, run.Get(isLong), run.Get(human));
                listing.Begin(snapshot, directories);
                if (directories.Length == 0)
                    await listing.WalkAsync(open.Repository, root, "/"u8.ToArray(), true, open.Token);
                foreach (var directory in directories)
                {
                    var below = RawArguments.BytesOf(directory);
                    var node = await SnapshotPath.FindAsync(open.Repository, root, below, open.Token);
                    var clean = LocalBackup.ListedPath(below, "/"u8.ToArray());
                    if (node is not null)
                        listing.Show(node, clean);
                    if (node is null || node.Subtree is not null)
                        await listing.WalkAsync(
                            open.Repository,
                            node?.Subtree ?? root,
                            clean,
                            run.Get(recursive),
                            open.Token
                        );
                }
                order?.ShowAll();
                return listing.IsWhole ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private sealed class Listing(CommandRun run, EntryOrder? order, bool isLong, bool isHuman)
    {
        /// <summary>No directory was unreadable.</summary>
        public bool IsWhole { get; private set; } = true;

        public void Begin(Snapshot snapshot, string[] directories)
        {
            if (run.Json)
                run.Out.Json(json => SnapshotText.Write(json, snapshot, "snapshot"));
            else
                run.Say($"{SnapshotText.Headline(snapshot)} filtered by [{string.Join(' ', directories)}]:");
        }

        public void Show(Engine.Trees.Node node, ReadOnlyMemory<byte> path)
        {
            if (order is null)
                Line(node, path)();
            else
                order.Add(node, path.Span, Line(node, path.ToArray()));
        }

        /// <summary>Takes from the node what is printed later.</summary>
        private Action Line(Engine.Trees.Node node, ReadOnlyMemory<byte> path)
        {
            if (run.Json)
            {
                if (order is null)
                    return () => run.Out.Json(json => NodeText.WriteListed(json, node, path.Span));
                var text = new System.Buffers.ArrayBufferWriter<byte>(512);
                using (var json = new System.Text.Json.Utf8JsonWriter(text, Output.Writer.JsonOptions))
                    NodeText.WriteListed(json, node, path.Span);
                var line = System.Text.Encoding.UTF8.GetString(text.WrittenSpan);
                return () => run.Out.Line(line);
            }
            var (before, after) = isLong ? (NodeText.LongPrefix(node, isHuman), NodeText.LongSuffix(node)) : ("", "");
            return () => run.Out.NameLine(before, path.Span, after);
        }

        public async Task WalkAsync(
            Repository repository,
            ObjectId tree,
            byte[] path,
            bool isRecursive,
            CancellationToken token
        )
        {
            var walk = new TreeWalk(repository, tree, path);
            for (TreeStep step; (step = await walk.NextAsync(token)) != TreeStep.End; )
            {
                if (step is TreeStep.Entry or TreeStep.Enter)
                    Show(walk.Node, walk.Path);
                if (step == TreeStep.Enter && !isRecursive)
                    walk.Skip();
                if (step == TreeStep.Fault)
                {
                    IsWhole = false;
                    run.Warn($"{BytePath.Display(walk.Path.Span)}: {walk.Fault?.Message}");
                }
            }
        }
    }
}
