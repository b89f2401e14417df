using System.Text.Json;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Restore;
using NectarBackup.Standalone.Browse;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Restore;

/// <summary>What a running restore tells (restic <c>internal/ui/restore/text.go</c>, <c>json.go</c>).</summary>
internal sealed class RestoreReport : IAsyncDisposable
{
    private readonly CommandRun _run;
    private readonly RestoreProgress _counts;
    private readonly long _started;
    private readonly LiveLine _live;

    private RestoreReport(CommandRun run, RestoreProgress counts, CancellationToken cancellationToken)
    {
        (_run, _counts, _started) = (run, counts, run.Time.GetTimestamp());
        _live = LiveLine.Start(run, StatusLine, json => Write(json, "status"), cancellationToken);
    }

    public static RestoreReport Start(CommandRun run, RestoreProgress counts, CancellationToken cancellationToken) =>
        new(run, counts, cancellationToken);

    private TimeSpan Elapsed => _run.Time.GetElapsedTime(_started);

    private long Restored => _counts.Files + _counts.Directories + _counts.Others;

    public void Entry(ReadOnlyMemory<byte> path, RestoreAction action)
    {
        var word = action.ToString().ToLowerInvariant();
        if (_run.Json)
            _run.Out.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("message_type", "verbose_status");
                json.WriteString("action", word);
                json.WriteString("item", NodeText.Text(path.Span));
                json.WriteEndObject();
            });
        else if (!_run.Quiet)
            _run.Out.NameLine(word.PadRight(10), path.Span);
    }

    public void Fault(RestoreFault fault)
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
            json.WriteString("during", fault.During);
            json.WriteString("item", path);
        });
    }

    public async Task FinishAsync(bool isDryRun)
    {
        await _live.StopAsync();
        if (_run.Json)
        {
            _run.Out.Json(json => Write(json, "summary"));
            return;
        }
        var bytes = _counts.BytesWritten + _counts.BytesKept;
        var verb = isDryRun ? "Would restore" : "Restored";
        var line = $"Summary: {verb} {Restored} files/dirs ({Amounts.Bytes(bytes)}) in {Amounts.Duration(Elapsed)}";
        if (_counts.Skipped > 0)
            line += $", skipped {_counts.Skipped} files/dirs";
        if (_counts.Deleted > 0)
            line += $", deleted {_counts.Deleted} files/dirs";
        _run.Say(line);
        if (_counts.Faults > 0)
            _run.Warn($"{_counts.Faults} entries could not be restored whole");
    }

    private string StatusLine()
    {
        var elapsed = Elapsed;
        var done = _counts.BytesWritten + _counts.BytesKept;
        return $"[{Amounts.Duration(elapsed)}] {Restored} files/dirs, {Amounts.Bytes(done)} of {Amounts.Bytes(_counts.TotalBytes)} found, "
            + $"{Amounts.Bytes(done / Math.Max(0.25, elapsed.TotalSeconds))}/s"
            + (_counts.Faults > 0 ? $", {_counts.Faults} errors" : "");
    }

    private void Write(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("message_type", type);
        if (Elapsed.TotalSeconds >= 1)
            json.WriteNumber("seconds_elapsed", (long)Elapsed.TotalSeconds);
        json.WriteNumber("total_files", Restored + _counts.Skipped);
        json.WriteNumber("files_restored", Restored);
        if (_counts.Skipped > 0)
            json.WriteNumber("files_skipped", _counts.Skipped);
        if (_counts.Deleted > 0)
            json.WriteNumber("files_deleted", _counts.Deleted);
        json.WriteNumber("total_bytes", _counts.TotalBytes);
        json.WriteNumber("bytes_restored", _counts.BytesWritten + _counts.BytesKept);
        if (_counts.Faults > 0)
            json.WriteNumber("error_count", _counts.Faults);
        json.WriteEndObject();
    }

    public ValueTask DisposeAsync() => _live.DisposeAsync();
}
