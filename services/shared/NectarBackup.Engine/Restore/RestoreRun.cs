using System.Runtime.ExceptionServices;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>What all parts of one running restore share.</summary>
internal sealed class RestoreRun(Repository repository, RestorePlan plan, CancellationToken cancellationToken)
    : IDisposable
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Exception? _fatal;

    public Repository Repository { get; } = repository;

    public RestorePlan Plan { get; } = plan;

    public NodeCopies Nodes { get; } = new();

    /// <summary>The target; null in a dry run whose target is not there.</summary>
    public RestoreDirectory? Root { get; set; }

    public CancellationToken Stopped => _stop.Token;

    public bool IsStopped => _stop.IsCancellationRequested;

    public void Fault(byte[] path, string during, Exception cause) => Fault(path, during, cause.Message, cause);

    public void Fault(byte[] path, string during, string message, Exception? cause)
    {
        Plan.Progress.FaultSeen();
        lock (_gate)
            Plan.OnFault(new RestoreFault(path, during, message, cause));
    }

    public void Tell(byte[] path, RestoreAction action)
    {
        if (Plan.OnEntry is not { } listener)
            return;
        lock (_gate)
            listener(path, action);
    }

    public void Tell(Folder folder, ReadOnlySpan<byte> name, RestoreAction action)
    {
        if (Plan.OnEntry is not null)
            Tell(folder.PathOf(name), action);
    }

    /// <summary>Ends the restore if nothing more can be written: a full disk would fail every file that is left.</summary>
    public void StopIfHopeless(LocalFileException e)
    {
        if (e.Error == LocalFileError.NoSpace)
            Stop(e);
    }

    /// <summary>Ends the restore; the first cause is raised by it.</summary>
    public void Stop(Exception cause)
    {
        Interlocked.CompareExchange(ref _fatal, cause, null);
        _stop.Cancel();
    }

    public void ThrowIfStopped()
    {
        if (Volatile.Read(ref _fatal) is { } fatal and not OperationCanceledException)
            ExceptionDispatchInfo.Throw(fatal);
        _stop.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Opens a directory of the target by its path, one component at a time.</summary>
    /// <param name="path">Beginning with '/'.</param>
    /// <param name="opened">Gets what the caller has to dispose.</param>
    public RestoreDirectory OpenAgain(byte[] path, List<RestoreDirectory> opened)
    {
        var at = Root!;
        foreach (var part in PathPattern.Split(path).Skip(1))
            opened.Add(at = at.EnterDirectory(part));
        return at;
    }

    public void Dispose() => _stop.Dispose();
}
