using System.Diagnostics;
using System.Text;

namespace NectarBackup.Testing;

/// <summary>Runs a bash script: the outside witness for what a file system holds. Output is read as Latin-1, so every byte survives.</summary>
public static class ShellCommand
{
    /// <exception cref="InvalidOperationException">The script failed.</exception>
    public static string Run(string directory, string script)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        using var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"exit {process.ExitCode}: {errors.Result}\n{output}");
    }
}
