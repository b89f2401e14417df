using System.CommandLine;
using NectarBackup.Engine.Copy;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>copy</c>: snapshots of another repository into this one.</summary>
internal static class CopyCommand
{
    public static Command Build()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var from = new OtherRepositoryOptions();
        var command = new Command("copy", "Copy snapshots from another repository") { ids };
        from.AddTo(command);
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var filter = filterOptions.Read(run);
                await using var source = await from.OpenAsync(run, LockMode.Reading, cancellationToken);
                await using var target = await run.OpenAsync(LockMode.Adding, source.Token);
                var token = target.Token;
                var list = await SnapshotList.LoadAsync(run, source.Repository, token);
                var chosen = list.Choose(run.Get(ids), filter);
                await source.Repository.LoadIndexAsync(token);
                await target.Repository.LoadIndexAsync(token);
                var options = new CopyOptions
                {
                    Time = run.Time,
                    OnSnapshot = (snapshot, copy) =>
                        run.SayMore(
                            copy is { } id
                                ? $"snapshot {snapshot.Id.Short} copied as {id.Short}"
                                : $"snapshot {snapshot.Id.Short} is there already"
                        ),
                    OnPack =
                        run.Talks && run.Streams.IsTerminal
                            ? (done, all) =>
                                run.Out.Status($"{Amounts.Percent(done, all)}  {done} / {all} packs copied")
                            : null,
                };
                var report = await SnapshotCopy.RunAsync(source.Repository, target.Repository, chosen, options, token);
                run.Say(
                    $"copied {report.Copied} snapshots, {report.Blobs} blobs ({Amounts.Bytes(report.Bytes)}); {report.Skipped} were there already"
                );
                return ExitCode.Ok;
            }
        );
    }
}
