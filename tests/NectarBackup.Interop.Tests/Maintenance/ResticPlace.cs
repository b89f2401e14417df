using System.Diagnostics;
using NectarBackup.Interop.Tests.Programs;

namespace NectarBackup.Interop.Tests.Maintenance;

/// <summary>A repository in a temporary directory, worked on by the real restic (password "x").</summary>
internal sealed class ResticPlace : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("nectar-restic-").FullName;

    public ResticPlace() => File.WriteAllText(PasswordFile, "x");

    /// <summary>Every restic of this machine, by path.</summary>
    public static string[] Versions { get; } =
    [
        BackupProgram.Restics[0].File,
        (BackupProgram.Restics.FirstOrDefault(peer => peer.MinorVersion == 18) ?? BackupProgram.NewestRestic).File,
    ];

    public string Repository => Path.Combine(_root, "repository");

    public string Data => Path.Combine(_root, "data");

    private string PasswordFile => Path.Combine(_root, "password");

    public string Temporary(string name) => Path.Combine(_root, name);

    public Task<(int Exit, string Output)> RunAsync(params string[] arguments) =>
        RunVersionAsync(Versions[0], Repository, arguments);

    public async Task<(int Exit, string Output)> RunVersionAsync(
        string restic,
        string repository,
        params string[] arguments
    )
    {
        var start = new ProcessStartInfo(restic, ["--no-cache", "-r", repository, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _root,
        };
        start.Environment["RESTIC_PASSWORD_FILE"] = PasswordFile;
        start.Environment["HOME"] = _root;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }

    public async Task<string> OkAsync(params string[] arguments)
    {
        var (exit, output) = await RunAsync(arguments);
        Assert.True(exit == 0, $"{string.Join(' ', arguments)}: {exit} {output}");
        return output;
    }

    /// <summary>All versions find the repository sound, and the newest restores what is in <see cref="Data"/>.</summary>
    public async Task AssertSoundAsync(string? repository = null)
    {
        foreach (var version in Versions)
        {
            var (exit, output) = await RunVersionAsync(version, repository ?? Repository, "check", "--read-data");
            Assert.True(exit == 0, output);
        }
        var target = Temporary("restored-" + Guid.NewGuid().ToString("n"));
        var restored = await RunVersionAsync(
            Versions[^1],
            repository ?? Repository,
            "restore",
            "latest",
            "--target",
            target
        );
        Assert.True(restored.Exit == 0, restored.Output);
        var files = Directory.GetFiles(Data, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        Assert.Equal(files.Length, Directory.GetFiles(target, "*", SearchOption.AllDirectories).Length);
        foreach (var file in files)
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(target + file));
    }

    public void Dispose()
    {
        foreach (var directory in Directory.GetDirectories(_root, "*", SearchOption.AllDirectories))
            File.SetUnixFileMode(directory, (UnixFileMode)0b111_000_000);
        Directory.Delete(_root, recursive: true);
    }
}
