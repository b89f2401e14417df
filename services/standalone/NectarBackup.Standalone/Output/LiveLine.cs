using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Output;

/// <summary>
/// Tells how far a long run is: a line at the bottom of a terminal four times a second, or JSON messages as often; nothing else in files, pipes and quiet
/// runs.
/// </summary>
internal sealed class LiveLine : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(250);

    private readonly CommandRun _run;
    private readonly CancellationTokenSource _stop;
    private readonly Task _showing;

    private LiveLine(
        CommandRun run,
        Func<string> line,
        Action<System.Text.Json.Utf8JsonWriter> json,
        CancellationToken cancellationToken
    )
    {
        _run = run;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _showing = !run.Quiet && (run.Json || run.Streams.IsTerminal) ? ShowAsync(line, json) : Task.CompletedTask;
    }

    /// <param name="run">Where to.</param>
    /// <param name="line">What a terminal shows now.</param>
    /// <param name="json">The message as it is now.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static LiveLine Start(
        CommandRun run,
        Func<string> line,
        Action<System.Text.Json.Utf8JsonWriter> json,
        CancellationToken cancellationToken
    ) => new(run, line, json, cancellationToken);

    private async Task ShowAsync(Func<string> line, Action<System.Text.Json.Utf8JsonWriter> json)
    {
        try
        {
            while (true)
            {
                await Task.Delay(s_interval, _run.Time, _stop.Token);
                if (!_run.Json)
                {
                    _run.Out.Status(StatusWidth.Fit(line()));
                    continue;
                }
                _run.Out.Json(json);
                _run.Out.Flush();
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    /// <summary>Ends and wipes the line; may be called twice.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _showing;
        if (!_run.Json)
            _run.Out.Status("");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }
}
