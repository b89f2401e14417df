using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Backup;

/// <summary>
/// What a running backup tells: a live line on a terminal, <c>status</c> messages in JSON, faults as they come, the summary at the end (restic
/// <c>internal/ui/backup/text.go</c>, <c>json.go</c>).
/// </summary>
internal sealed class BackupReport : IAsyncDisposable
{
    private readonly CommandRun _run;
    private readonly BackupRequest _request;
    private readonly BackupProgress _counts;
    private readonly CancellationTokenSource _stop;
    private readonly long _started;
    private readonly SourceTotals? _totals;
    private readonly LiveLine _live;
    private Task _counting = Task.CompletedTask;
    private byte[]? _current;

    private BackupReport(
        CommandRun run,
        BackupRequest request,
        BackupProgress counts,
        CancellationToken cancellationToken
    )
    {
        (_run, _request, _counts) = (run, request, counts);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _started = run.Time.GetTimestamp();
        _totals = request.CountFirst ? new SourceTotals(request.Source) : null;
        _live = LiveLine.Start(run, StatusLine, WriteStatus, cancellationToken);
    }

    /// <summary>Entries are shown, or written one by one.</summary>
    public bool WantsEntries => _totals is not null || _run.Verbosity > 1;

    public static BackupReport Start(
        CommandRun run,
        BackupRequest request,
        BackupProgress counts,
        CancellationToken cancellationToken
    )
    {
        var report = new BackupReport(run, request, counts, cancellationToken);
        if (report._totals is { } totals)
            report._counting = Task.Run(() => totals.Count(report._stop.Token), CancellationToken.None);
        return report;
    }

    /// <summary>Called on the reading thread.</summary>
    public void Entry(ReadOnlyMemory<byte> path, EntryChange change)
    {
        if (_totals is not null)
            Volatile.Write(ref _current, path.ToArray());
        if (_run.Verbosity < 2 || _run.Quiet)
            return;
        var action = change switch
        {
            EntryChange.New => "new",
            EntryChange.Changed => "modified",
            _ => "unchanged",
        };
        if (!_run.Json)
        {
            _run.Out.NameLine(action.PadRight(10), path.Span);
            return;
        }
        _run.Out.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("message_type", "verbose_status");
            json.WriteString("action", action);
            json.WriteString("item", NodeText.Text(path.Span));
            json.WriteEndObject();
        });
    }

    public void Fault(LocalBackupFault fault)
    {
        var path = BytePath.Display(fault.Path);
        if (!_run.Json)
        {
            _run.Warn($"{path}: {fault.Message}");
            return;
        }
        _run.Streams.ErrorMessage(json =>
        {
            json.WriteString("message_type", "error");
            json.WriteStartObject("error");
            json.WriteString("message", fault.Message);
            json.WriteEndObject();
            json.WriteString("during", fault.During == "scan" ? "scan" : "archival");
            json.WriteString("item", path);
        });
    }

    /// <exception cref="UsageException">Nothing of what was named could be read at all.</exception>
    public void ThrowIfNothingWasRead()
    {
        var any =
            _counts.FilesDone
            + _counts.OtherEntries
            + _counts.DirectoriesNew
            + _counts.DirectoriesChanged
            + _counts.DirectoriesUnmodified;
        if (_counts.Errors >= _request.Paths.Count && any == 0)
            throw new UsageException("nothing of what was named could be read; no snapshot was made");
    }

    /// <summary>Ends the live line and writes the summary.</summary>
    public async Task FinishAsync(ObjectId? saved, DateTimeOffset started, DateTimeOffset ended)
    {
        await StopAsync();
        if (_run.Json)
            _run.Out.Json(json => WriteSummary(json, saved, started, ended));
        else
            foreach (var line in SummaryLines(saved, ended - started))
                _run.Say(line);
    }

    private IEnumerable<string> SummaryLines(ObjectId? saved, TimeSpan took)
    {
        yield return "";
        yield return Row("Files:", _counts.FilesNew, _counts.FilesChanged, _counts.FilesUnmodified);
        yield return Row("Dirs:", _counts.DirectoriesNew, _counts.DirectoriesChanged, _counts.DirectoriesUnmodified);
        if (_run.Verbosity > 0)
        {
            yield return $"Data Blobs:  {_counts.DataBlobsAdded, 5} new";
            yield return $"Tree Blobs:  {_counts.TreeBlobsAdded, 5} new";
        }
        var verb = _request.DryRun ? "Would add" : "Added";
        yield return $"{verb} to the repository: {Amounts.Bytes(_counts.BytesAdded)} ({Amounts.Bytes(_counts.BytesStored)} stored)";
        yield return "";
        yield return $"processed {_counts.FilesDone} files, {Amounts.Bytes(_counts.BytesProcessed)} in {Amounts.Duration(took)}";
        if (saved is { } id)
            yield return $"snapshot {id.Short} saved";
        else if (!_request.DryRun)
            yield return "skipped creating snapshot";
        if (_counts.Errors > 0)
            yield return $"{_counts.Errors} entries could not be read whole";
    }

    private static string Row(string title, long added, long changed, long same) =>
        $"{title, -12} {added, 5} new, {changed, 5} changed, {same, 5} unmodified";

    private void WriteSummary(Utf8JsonWriter json, ObjectId? saved, DateTimeOffset started, DateTimeOffset ended)
    {
        json.WriteStartObject();
        json.WriteString("message_type", "summary");
        WriteCounts(json);
        json.WriteNumber("total_duration", (ended - started).TotalSeconds);
        json.WriteString("backup_start", GoTime.From(started).ToString());
        json.WriteString("backup_end", GoTime.From(ended).ToString());
        if (saved is { } id)
            json.WriteString("snapshot_id", id.ToString());
        if (_request.DryRun)
            json.WriteBoolean("dry_run", true);
        json.WriteEndObject();
    }

    private void WriteCounts(Utf8JsonWriter json)
    {
        json.WriteNumber("files_new", _counts.FilesNew);
        json.WriteNumber("files_changed", _counts.FilesChanged);
        json.WriteNumber("files_unmodified", _counts.FilesUnmodified);
        json.WriteNumber("dirs_new", _counts.DirectoriesNew);
        json.WriteNumber("dirs_changed", _counts.DirectoriesChanged);
        json.WriteNumber("dirs_unmodified", _counts.DirectoriesUnmodified);
        json.WriteNumber("data_blobs", _counts.DataBlobsAdded);
        json.WriteNumber("tree_blobs", _counts.TreeBlobsAdded);
        json.WriteNumber("data_added", _counts.BytesAdded);
        json.WriteNumber("data_added_packed", _counts.BytesStored);
        json.WriteNumber("total_files_processed", _counts.FilesDone);
        json.WriteNumber("total_bytes_processed", _counts.BytesProcessed);
    }

    private (double Share, TimeSpan Elapsed, TimeSpan? Left) Measure()
    {
        var elapsed = _run.Time.GetElapsedTime(_started);
        if (_totals is not { IsComplete: true, Bytes: > 0 and var total })
            return (0, elapsed, null);
        var share = Math.Min(1, (double)_counts.BytesProcessed / total);
        TimeSpan? left = share > 0.001 && elapsed.TotalSeconds > 1 ? elapsed * ((1 - share) / share) : null;
        return (share, elapsed, left);
    }

    private string StatusLine()
    {
        var (share, elapsed, left) = Measure();
        var rate = _counts.BytesProcessed / Math.Max(0.25, elapsed.TotalSeconds);
        var total = _totals is null ? "" : $" / {Amounts.Bytes(_totals.Bytes)}{(_totals.IsComplete ? "" : "+")}";
        var line =
            $"[{Amounts.Duration(elapsed)}] {(_totals?.IsComplete == true ? Amounts.Percent(share, 1) : "")}  {_counts.FilesDone} files, "
            + $"{Amounts.Bytes(_counts.BytesProcessed)}{total}, {Amounts.Bytes(rate)}/s"
            + (_counts.Errors > 0 ? $", {_counts.Errors} errors" : "")
            + (left is { } time ? $", {Amounts.Duration(time)} left" : "");
        var current = Volatile.Read(ref _current) is { } path ? "  " + BytePath.Display(path) : "";
        return line + current;
    }

    private void WriteStatus(Utf8JsonWriter json)
    {
        var (share, elapsed, left) = Measure();
        json.WriteStartObject();
        json.WriteString("message_type", "status");
        if (elapsed.TotalSeconds >= 1)
            json.WriteNumber("seconds_elapsed", (long)elapsed.TotalSeconds);
        if (left is { TotalSeconds: >= 1 } time)
            json.WriteNumber("seconds_remaining", (long)time.TotalSeconds);
        json.WriteNumber("percent_done", share);
        if (_totals is not null)
        {
            json.WriteNumber("total_files", _totals.Files);
            json.WriteNumber("total_bytes", _totals.Bytes);
        }
        json.WriteNumber("files_done", _counts.FilesDone);
        json.WriteNumber("bytes_done", _counts.BytesProcessed);
        if (_counts.Errors > 0)
            json.WriteNumber("error_count", _counts.Errors);
        if (Volatile.Read(ref _current) is { } path)
        {
            json.WriteStartArray("current_files");
            json.WriteStringValue(BytePath.Display(path));
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _counting;
        await _live.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _live.DisposeAsync();
        _stop.Dispose();
    }
}
