using System.CommandLine;
using System.Globalization;
using NectarBackup.Engine.Check;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>check</c>: is everything there and whole?</summary>
internal static class CheckCommand
{
    public static Command Build()
    {
        var readData = GlobalOptions.Flag("--read-data", "also read and verify all stored data");
        var subset = GlobalOptions.Text(
            "--read-data-subset",
            "also read and verify a part of the data: 1/5, 10% or 2G",
            "PART"
        );
        var withCache = GlobalOptions.Flag("--with-cache", "use local copies of indexes and trees");
        return new Command("check", "Check the repository for damage") { readData, subset, withCache }.Does(
            async (run, cancellationToken) =>
            {
                if (run.Get(readData) && run.Get(subset) is not null)
                    throw new UsageException("--read-data and --read-data-subset exclude each other");
                var sample =
                    run.Get(readData) ? PackSample.All
                    : run.Get(subset) is { } part ? Parse(part)
                    : PackSample.None;
                var mode = run.Get(GlobalOptions.NoLock) ? LockMode.Reading : LockMode.Exclusive;
                await using var open = await run.OpenAsync(mode, cancellationToken);
                var options = new CheckOptions
                {
                    ReadData = sample,
                    OnFinding = finding => Tell(run, finding),
                    OnPackRead =
                        run.Talks && run.Streams.IsTerminal
                            ? (done, all, bytes) =>
                                run.Out.Status(
                                    $"{Amounts.Percent(done, all)}  {done} / {all} packs, {Amounts.Bytes(bytes)} read"
                                )
                            : null,
                };
                run.Say("checking keys, indexes, packs, snapshots and trees");
                var report = await Checker.RunAsync(open.Repository, options, open.Token);
                Finish(run, report);
                return report.IsSound ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static void Tell(CommandRun run, CheckFinding finding)
    {
        var line = finding.Hint is null ? finding.Message : $"{finding.Message}; {finding.Hint}";
        if (!finding.IsWarning)
            run.Warn(line);
        else
            run.SayMore(line);
    }

    private static void Finish(CommandRun run, CheckReport report)
    {
        if (run.Json)
        {
            run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "summary");
                json.WriteNumber("num_errors", report.Errors);
                json.WriteNumber("num_warnings", report.Warnings);
                json.WriteNumber("snapshots", report.Snapshots);
                json.WriteNumber("packs", report.Packs);
                json.WriteNumber("packs_read", report.PacksRead);
                json.WriteNumber("bytes_read", report.BytesRead);
                json.WriteNumber("unused_blobs", report.UnusedBlobs);
                json.WriteStartArray("damaged_snapshots");
                foreach (var damage in report.Damage)
                {
                    json.WriteStartObject();
                    json.WriteString("snapshot", damage.Snapshot.ToString());
                    json.WriteStartArray("paths");
                    foreach (var path in damage.Paths)
                        json.WriteStringValue(path);
                    json.WriteEndArray();
                    json.WriteBoolean("has_more", damage.HasMore);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }
        run.Say($"{report.Snapshots} snapshots, {report.Packs} packs, {report.PacksRead} of them read");
        foreach (var damage in report.Damage)
        {
            run.Warn($"snapshot {damage.Snapshot.Short} cannot be restored whole:");
            foreach (var path in damage.Paths)
                run.Warn($"  {path}");
            if (damage.HasMore)
                run.Warn("  and more");
        }
        if (report.Warnings > 0)
            run.Say($"{report.Warnings} warnings, nothing is lost by them (-v names them)");
        if (report.IsSound)
            run.Say("no errors were found");
        else
            run.Warn($"the repository has {report.Errors} errors");
    }

    private static PackSample Parse(string text)
    {
        var slash = text.Split('/');
        if (
            slash.Length == 2
            && int.TryParse(slash[0], NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && int.TryParse(slash[1], NumberStyles.None, CultureInfo.InvariantCulture, out var t)
        )
            return PackSample.Part(n, t);
        return
            text.EndsWith('%')
            && double.TryParse(
                text.AsSpan(0, text.Length - 1),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var percent
            )
            ? PackSample.Percent(percent)
            : PackSample.Size(Durations.ParseSize(text, "--read-data-subset"));
    }
}
