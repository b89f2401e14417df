using System.CommandLine;
using NectarBackup.Engine;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.Backup;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>backup</c>: a new snapshot of files and directories, or of standard input.</summary>
internal static class BackupCommand
{
    public static Command Build()
    {
        var options = new BackupOptions();
        var command = new Command("backup", "Make a snapshot of files and directories");
        options.AddTo(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var request = options.Read(run);
                var started = run.Time.GetLocalNow();
                await using var open = await run.OpenAsync(LockMode.Adding, cancellationToken);
                return await BackUpAsync(run, open.Repository, request, started, open.Token);
            }
        );
    }

    private static async Task<int> BackUpAsync(
        CommandRun run,
        Repository repository,
        BackupRequest request,
        DateTimeOffset started,
        CancellationToken cancellationToken
    )
    {
        var snapshots = await SnapshotList.LoadAsync(run, repository, cancellationToken);
        var parent = ChooseParent(snapshots, request, request.Time ?? started);
        if (!request.FromStandardInput)
            run.Say(
                parent is null
                    ? "no parent snapshot found, will read all files"
                    : $"using parent snapshot {parent.Id.Short}"
            );
        await repository.LoadIndexAsync(cancellationToken);

        await using var writer = SnapshotWriter.Start(repository, WriterOptions(run, request), cancellationToken);
        await using var report = BackupReport.Start(run, request, writer.Progress, cancellationToken);
        if (request.FromStandardInput)
            await StoreInputAsync(writer, request, request.Time ?? started, cancellationToken);
        else
            await LocalBackup.RunAsync(
                repository,
                writer,
                request.Source with
                {
                    OnFault = report.Fault,
                    OnEntry = report.WantsEntries ? report.Entry : null,
                },
                parent?.Tree,
                cancellationToken
            );
        report.ThrowIfNothingWasRead();
        var tree = await writer.FinishAsync(cancellationToken);

        ObjectId? saved = null;
        var isSkipped = request.SkipIfUnchanged && parent is not null && parent.Tree == tree;
        if (!isSkipped && !request.DryRun)
        {
            var snapshot = Describe(request, tree, parent?.Id, started, run.Time.GetLocalNow(), writer.Progress);
            saved = await repository.SaveUnpackedAsync(
                ObjectKind.Snapshot,
                SnapshotJson.Serialize(snapshot),
                cancellationToken
            );
        }
        await report.FinishAsync(saved, started, run.Time.GetLocalNow());
        return writer.Progress.Errors > 0 ? ExitCode.Partial : ExitCode.Ok;
    }

    /// <summary>On a thread of its own, as reads block.</summary>
    private static async Task StoreInputAsync(
        SnapshotWriter writer,
        BackupRequest request,
        DateTimeOffset time,
        CancellationToken cancellationToken
    )
    {
        using var command = request.InputCommand.Count > 0 ? new CommandOutput(request.InputCommand) : null;
        using var stop = cancellationToken.Register(() => command?.Stop());
        using var input = command?.Stream ?? Console.OpenStandardInput();
        await Task.Factory.StartNew(
            () =>
                StandardInput.Store(
                    writer,
                    request.Paths[0],
                    input,
                    token =>
                    {
                        // A stopped command ends its output by itself.
                        if (command is null)
                            Readiness.Wait(Readiness.StandardInput, token);
                        else
                            token.ThrowIfCancellationRequested();
                    },
                    time,
                    cancellationToken
                ),
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        cancellationToken.ThrowIfCancellationRequested();
        if (command is not null)
            await command.ThrowIfFailedAsync(cancellationToken);
    }

    /// <summary>The newest snapshot of the same group that is not younger than the new one.</summary>
    private static Snapshot? ChooseParent(SnapshotList snapshots, BackupRequest request, DateTimeOffset time)
    {
        if (request.Force || request.FromStandardInput)
            return null;
        if (request.Parent is { } name)
            return snapshots.Find(name);
        var newest = GoTime.From(time);
        return snapshots.All.LastOrDefault(snapshot => snapshot.Time <= newest && IsAlike(snapshot, request));
    }

    private static bool IsAlike(Snapshot snapshot, BackupRequest request) =>
        (!request.Grouping.ByHost || snapshot.Hostname == request.Host)
        && (!request.Grouping.ByPaths || AreSame(snapshot.Paths, request.ListedPaths))
        && (!request.Grouping.ByTags || AreSame(snapshot.Tags, request.Tags));

    private static bool AreSame(IReadOnlyList<string>? some, IReadOnlyList<string> others) =>
        (some ?? []).Order(StringComparer.Ordinal).SequenceEqual(others.Order(StringComparer.Ordinal));

    private static Snapshot Describe(
        BackupRequest request,
        ObjectId tree,
        ObjectId? parent,
        DateTimeOffset started,
        DateTimeOffset ended,
        BackupProgress counts
    )
    {
        var self = LocalLockIdentity.Instance;
        return new Snapshot
        {
            Time = GoTime.From(request.Time ?? started),
            Parent = parent,
            Tree = tree,
            Paths = request.ListedPaths,
            Hostname = request.Host,
            Username = self.UserName,
            Uid = self.UserId,
            Gid = self.GroupId,
            Excludes = request.Patterns.Count > 0 ? request.Patterns : null,
            Tags = request.Tags.Count > 0 ? request.Tags : null,
            ProgramVersion = VersionCommand.Program,
            Summary = new SnapshotSummary
            {
                BackupStart = GoTime.From(started),
                BackupEnd = GoTime.From(ended),
                FilesNew = (ulong)counts.FilesNew,
                FilesChanged = (ulong)counts.FilesChanged,
                FilesUnmodified = (ulong)counts.FilesUnmodified,
                DirsNew = (ulong)counts.DirectoriesNew,
                DirsChanged = (ulong)counts.DirectoriesChanged,
                DirsUnmodified = (ulong)counts.DirectoriesUnmodified,
                DataBlobs = counts.DataBlobsAdded,
                TreeBlobs = counts.TreeBlobsAdded,
                DataAdded = (ulong)counts.BytesAdded,
                DataAddedPacked = (ulong)counts.BytesStored,
                TotalFilesProcessed = (ulong)counts.FilesDone,
                TotalBytesProcessed = (ulong)counts.BytesProcessed,
            },
        };
    }

    private static SnapshotWriterOptions WriterOptions(CommandRun run, BackupRequest request)
    {
        var options = new SnapshotWriterOptions { DryRun = request.DryRun, Time = run.Time };
        return (run.Get(GlobalOptions.Compression, "COMPRESSION") ?? "auto") switch
        {
            "auto" => options,
            "off" => options with { Compress = false },
            "max" => options with { Level = BackupOptions.MaxLevel },
            var other => throw new UsageException($"'{other}' is no compression", "use auto, off or max"),
        };
    }
}
