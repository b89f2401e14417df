using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.LocalFiles;

/// <summary>A directory of one test, removed with all its oddities.</summary>
internal sealed class TemporaryPlace : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("nectar-local-").FullName;

    public string Make(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;

    public void Dispose() => ShellCommand.Run("/", $"chmod -R u+rwx '{Path}' 2>/dev/null || true; rm -rf '{Path}'");
}
