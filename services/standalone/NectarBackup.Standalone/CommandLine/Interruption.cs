using System.Runtime.InteropServices;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>
/// SIGINT, SIGTERM and SIGHUP ask the command to stop: it stores what it has, removes its lock and goes. A second one ends the process at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _seen;

    public Interruption() =>
        _registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Seen),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Seen),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Seen),
        ];

    public CancellationToken Token => _source.Token;

    private void Seen(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _seen) > 1)
            return;
        context.Cancel = true;
        _ = _source.CancelAsync();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }
}
