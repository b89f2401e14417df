using System.Diagnostics;

namespace NectarBackup.Interop.Tests.Programs;

/// <summary>How a program ended, and all it wrote.</summary>
internal sealed record ProgramResult(string Command, int ExitCode, string Output, string Errors)
{
    public ProgramResult Expect(int exitCode)
    {
        Assert.True(ExitCode == exitCode, $"{this}");
        return this;
    }

    public override string ToString() => $"{Command}: exit {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>A program that runs. What it writes is read all the time, so that it never waits for us.</summary>
internal sealed class ProgramRun
{
    private readonly Process _process;
    private readonly string _command;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private ProgramRun(Process process, string command)
    {
        (_process, _command) = (process, command);
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static ProgramRun Start(
        string file,
        IReadOnlyList<string> arguments,
        IEnumerable<KeyValuePair<string, string>>? environment = null
    )
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        process.StandardInput.Close();
        return new ProgramRun(process, $"{Path.GetFileName(file)} {string.Join(' ', arguments)}");
    }

    public bool HasExited => _process.HasExited;

    /// <summary>SIGKILL: no handler runs, nothing is tidied up.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM: it may tidy up.</summary>
    public void Interrupt() => Process.Start("kill", ["-TERM", $"{_process.Id}"]).WaitForExit();

    public async Task<ProgramResult> WaitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            throw;
        }
        return Result(await _output, await _errors);
    }

    public ProgramResult Wait()
    {
        _process.WaitForExit();
        return Result(_output.Result, _errors.Result);
    }

    private ProgramResult Result(string output, string errors)
    {
        var result = new ProgramResult(_command, _process.ExitCode, output, errors);
        _process.Dispose();
        return result;
    }
}
