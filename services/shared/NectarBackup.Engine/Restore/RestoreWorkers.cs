using System.Collections.Concurrent;
using System.Threading.Channels;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// The threads that fetch chunks and write them to files. Each opens a blob once, however many places it belongs in, in buffers of its own that are used
/// again and again. While they work on one window the walk fills the next.
/// </summary>
internal sealed class RestoreWorkers : IAsyncDisposable
{
    /// <summary>Windows that are worked on, besides the one that the walk fills.</summary>
    private const int MaxWindows = 2;

    private const long CompareSize = 4 << 20;

    private readonly RestoreRun _run;
    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>();
    private readonly ConcurrentBag<RestoreWindow> _free = [];
    private readonly SemaphoreSlim _windows = new(MaxWindows);
    private readonly Task[] _workers;
    private readonly long _maxGap;
    private readonly long _maxRange;

    private readonly record struct Work(RestoreWindow Window, PackRange Range, bool IsComparison);

    public RestoreWorkers(RestoreRun run)
    {
        _run = run;
        // A request to a far store costs as much time as the transfer of some hundred KiB, and waiting for it no processor.
        var isFar = run.Repository.Store.IsRemote;
        _maxGap = isFar ? 256 << 10 : 64 << 10;
        _maxRange = isFar ? 8 << 20 : 2 << 20;
        var count = run.Plan.Workers > 0 ? run.Plan.Workers : Math.Max(Environment.ProcessorCount, isFar ? 5 : 1);
        _workers = new Task[count];
        for (var i = 0; i < count; i++)
            _workers[i] = Task.Run(WorkAsync);
    }

    /// <summary>Hands a window over, once there is room for it. It may be filled again when it comes back from <see cref="TakeWindow"/>.</summary>
    public async Task SubmitAsync(RestoreWindow window)
    {
        // Not cancelled: a restore that was stopped still lets go of all its files, and does so fast.
        await _windows.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        Enqueue(window, window.MustCompare);
    }

    /// <summary>An empty window.</summary>
    public RestoreWindow TakeWindow() => _free.TryTake(out var window) ? window : new RestoreWindow();

    /// <summary>Waits until all windows are done and all workers have ended.</summary>
    /// <exception cref="Exception">What stopped the restore.</exception>
    public async Task FinishAsync()
    {
        for (var i = 0; i < MaxWindows; i++)
            await _windows.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _work.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
        _run.ThrowIfStopped();
    }

    private void Enqueue(RestoreWindow window, bool isComparison)
    {
        var ranges = isComparison ? window.SplitForComparing(CompareSize) : window.SplitForReading(_maxGap, _maxRange);
        window.Left = ranges.Count;
        if (ranges.Count == 0)
            Recycle(window);
        foreach (var range in ranges)
            _work.Writer.TryWrite(new Work(window, range, isComparison));
    }

    private void Recycle(RestoreWindow window)
    {
        window.Clear();
        _free.Add(window);
        _windows.Release();
    }

    private async Task WorkAsync()
    {
        var reader = new RangeReader(_run);
        await foreach (var work in _work.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            try
            {
                if (work.IsComparison)
                    Compare(work);
                else
                    await reader.ReadAsync(work.Window, work.Range).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                _run.Stop(e);
            }
            if (!work.IsComparison)
                Finish(work);
            if (Interlocked.Decrement(ref work.Window.Left) != 0)
                continue;
            if (work.IsComparison)
                Enqueue(work.Window, isComparison: false);
            else
                Recycle(work.Window);
        }
    }

    // Whatever a listener throws must not end a worker: the windows would never be done.
    private void Finish(in Work work)
    {
        foreach (ref readonly var place in Of(work))
        {
            try
            {
                place.File!.Done();
            }
            catch (Exception e)
            {
                _run.Stop(e);
            }
        }
    }

    /// <summary>Takes out the places whose chunk is in the file already.</summary>
    private void Compare(in Work work)
    {
        foreach (ref var place in Of(work))
        {
            if (!place.File!.MayExist || _run.IsStopped)
                continue;
            var file = place.File;
            var length = (int)place.Blob.Blob.ContentLength;
            try
            {
                var handle = file.Open();
                // To open it may have shown that nothing usable is there.
                if (!file.MayExist || !handle.Holds(place.Blob.Blob.Id, place.At, length))
                    continue;
            }
            catch (LocalFileException)
            {
                continue; // writing will meet the same error, and name it
            }
            _run.Plan.Progress.Kept(length);
            place.File = null;
            file.Done();
        }
    }

    private static Span<ChunkPlace> Of(in Work work) => work.Window.Places[work.Range.First..work.Range.End];

    public async ValueTask DisposeAsync()
    {
        _work.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
        _windows.Dispose();
    }
}
