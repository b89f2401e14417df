using System.CommandLine;
using System.Text.Json;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>stats</c>: how much snapshots hold.</summary>
internal static class StatsCommand
{
    public static Command Build()
    {
        var ids = GlobalOptions.Rest("SNAPSHOT");
        var mode = GlobalOptions.Text(
            "--mode",
            "what to count: restore-size, files-by-contents, blobs-per-file or raw-data (default: restore-size)",
            "MODE"
        );
        var command = new Command("stats", "Count what snapshots hold") { ids, mode };
        var filterOptions = new SnapshotFilterOptions(command);
        return command.Does(
            async (run, cancellationToken) =>
            {
                var word = run.Get(mode) ?? "restore-size";
                var what = word switch
                {
                    "restore-size" => StatisticsMode.RestoreSize,
                    "files-by-contents" => StatisticsMode.FilesByContents,
                    "blobs-per-file" => StatisticsMode.BlobsPerFile,
                    "raw-data" => StatisticsMode.RawData,
                    _ => throw new UsageException($"'{word}' is no mode", "see 'nectar stats --help'"),
                };
                var filter = filterOptions.Read(run);
                await using var open = await run.OpenAsync(LockMode.Reading, cancellationToken);
                var list = await SnapshotList.LoadAsync(run, open.Repository, open.Token);
                var chosen = list.Choose(run.Get(ids), filter);
                await open.Repository.LoadIndexAsync(open.Token);
                var totals = await SnapshotStatistics.CountAsync(open.Repository, chosen, what, open.Token);
                if (run.Json)
                    run.Out.Json(json => Write(json, totals, what));
                else
                    Show(run, totals, what, word);
                return ExitCode.Ok;
            }
        );
    }

    private static bool HasBlobs(StatisticsMode mode) => mode is StatisticsMode.RawData or StatisticsMode.BlobsPerFile;

    private static void Show(CommandRun run, SnapshotTotals totals, StatisticsMode mode, string word)
    {
        run.Say($"Stats in {word} mode:");
        run.Say($"     Snapshots processed:  {totals.Snapshots}");
        if (HasBlobs(mode))
            run.Say($"        Total Blob Count:  {totals.Blobs}");
        if (mode != StatisticsMode.RawData)
            run.Say($"        Total File Count:  {totals.Files}");
        if (mode == StatisticsMode.RawData)
            run.Say($" Total Uncompressed Size:  {Amounts.Bytes(totals.PlainBytes)}");
        run.Say($"              Total Size:  {Amounts.Bytes(totals.Bytes)}");
        if (mode != StatisticsMode.RawData || totals.Bytes == 0)
            return;
        run.Say($"       Compression Ratio:  {Amounts.Number((double)totals.PlainBytes / totals.Bytes, 2)}x");
        run.Say($"Compression Space Saving:  {Amounts.Percent(totals.PlainBytes - totals.Bytes, totals.PlainBytes)}");
    }

    private static void Write(Utf8JsonWriter json, SnapshotTotals totals, StatisticsMode mode)
    {
        json.WriteStartObject();
        json.WriteNumber("total_size", totals.Bytes);
        if (mode == StatisticsMode.RawData && totals.Bytes > 0)
        {
            json.WriteNumber("total_uncompressed_size", totals.PlainBytes);
            json.WriteNumber("compression_ratio", (double)totals.PlainBytes / totals.Bytes);
            json.WriteNumber("compression_space_saving", 100 - 100.0 * totals.Bytes / Math.Max(1, totals.PlainBytes));
        }
        if (mode != StatisticsMode.RawData)
            json.WriteNumber("total_file_count", totals.Files);
        if (HasBlobs(mode))
            json.WriteNumber("total_blob_count", totals.Blobs);
        json.WriteNumber("snapshots_count", totals.Snapshots);
        json.WriteEndObject();
    }
}
