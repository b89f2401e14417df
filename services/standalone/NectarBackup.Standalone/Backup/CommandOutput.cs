using System.ComponentModel;
using System.Diagnostics;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Backup;

/// <summary>A program whose output is backed up (<c>--stdin-from-command</c>). Run without a shell; what it writes to standard error goes to ours.</summary>
internal sealed class CommandOutput : IDisposable
{
    private readonly Process _process;
    private readonly string _name;

    /// <exception cref="UsageException">It cannot be started.</exception>
    public CommandOutput(IReadOnlyList<string> words)
    {
        _name = words[0];
        var start = new ProcessStartInfo { FileName = _name, RedirectStandardOutput = true };
        foreach (var word in words.Skip(1))
            start.ArgumentList.Add(word);
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"the command {_name} cannot be started: {e.Message}");
        }
    }

    public Stream Stream => _process.StandardOutput.BaseStream;

    /// <summary>Returns if the program came to a good end: half of a dump must not pass for a whole one.</summary>
    /// <exception cref="UsageException">Its exit code is not 0.</exception>
    public async Task ThrowIfFailedAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        if (_process.ExitCode != 0)
            throw new UsageException(
                $"the command {_name} failed with exit code {_process.ExitCode}",
                "no snapshot was made"
            );
    }

    /// <summary>Ends the program if it still runs, so that an interrupted backup leaves nothing behind and no read blocks.</summary>
    public void Stop()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already, or one of its children is not ours to end.
        }
    }

    public void Dispose()
    {
        Stop();
        _process.Dispose();
    }
}
