using System.CommandLine;
using System.Runtime.InteropServices;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Commands;

/// <summary><c>version</c>: which program this is.</summary>
internal static class VersionCommand
{
    /// <summary>As the build sets it, without the commit.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetName().Version is { } version ? version.ToString(3) : "0";

    /// <summary>What snapshots say about the program that made them.</summary>
    public static string Program => $"{NectarCommand.Name} {Version}";

    public static Command Build() =>
        new Command("version", "Print the version of the program").Does(
            (run, _) =>
            {
                if (run.Json)
                    run.Out.Json(json =>
                    {
                        json.WriteStartObject();
                        json.WriteString("message_type", "version");
                        json.WriteString("version", Version);
                        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
                        json.WriteString("os", "linux");
                        json.WriteString("arch", RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant());
                        json.WriteEndObject();
                    });
                else
                    run.Out.Line(
                        $"{Program} on {RuntimeInformation.FrameworkDescription}, linux/{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}"
                    );
                return Task.FromResult(ExitCode.Ok);
            }
        );
}
