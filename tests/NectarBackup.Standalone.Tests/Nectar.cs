using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Standalone.Tests;

/// <summary>What a run of the program left behind.</summary>
internal sealed record Outcome(int Code, string Output, string Errors)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public JsonElement Json => JsonDocument.Parse(Lines[^1]).RootElement.Clone();
}

/// <summary>A directory with a repository and files, and the built program to work on them with a clean environment.</summary>
internal sealed class Nectar : IDisposable
{
    public const string Password = "correct horse";

    private const int CheapN = 2;

    private static readonly Lazy<Task<Template>> s_template = new(MakeTemplateAsync);

    private readonly TemporaryDirectory _directory = new();

    public string this[string relative] => _directory[relative];

    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "nectar");

    /// <summary>With a repository in <c>repo</c>, whose one key costs nothing to derive, and files in <c>src</c>.</summary>
    public static async Task<Nectar> WithRepositoryAsync()
    {
        var nectar = new Nectar();
        Directory.CreateDirectory(nectar["src/sub"]);
        await File.WriteAllTextAsync(nectar["src/a"], "hello\n");
        await File.WriteAllTextAsync(nectar["src/sub/b"], "there\n");
        File.CreateSymbolicLink(nectar["src/l"], "a");
        var template = await s_template.Value;
        foreach (var directory in template.Directories)
            Directory.CreateDirectory(nectar[directory]);
        foreach (var (path, bytes) in template.Files)
            await File.WriteAllBytesAsync(nectar[path], bytes);
        return nectar;
    }

    /// <summary>Made once: its first key costs what a key has to cost.</summary>
    private static async Task<Template> MakeTemplateAsync()
    {
        using var directory = new TemporaryDirectory();
        var store = new DirectoryStore(directory["repo"]);
        await using var repository = await QuickRepository.InitAsync(
            store,
            "costly"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            default
        );
        var key = CheapKey(new KeyRing(repository, TimeProvider.System).ExportMasterKey());
        await store.PutAsync(new ObjectName(ObjectKind.Key, ObjectId.Of(key)), ObjectContent.Of(key), default);
        await store.DeleteAsync(new ObjectName(ObjectKind.Key, repository.KeyId), default);
        string Relative(string path) => Path.GetRelativePath(directory.Path, path);
        return new Template(
            [.. Directory.EnumerateDirectories(directory.Path, "*", SearchOption.AllDirectories).Select(Relative)],
            [
                .. Directory
                    .EnumerateFiles(directory.Path, "*", SearchOption.AllDirectories)
                    .Select(path => (Relative(path), File.ReadAllBytes(path))),
            ]
        );
    }

    private sealed record Template(string[] Directories, (string Path, byte[] Bytes)[] Files);

    private static byte[] CheapKey(byte[] master)
    {
        var salt = RandomNumberGenerator.GetBytes(64);
        var derived = new byte[64];
        Scrypt.DeriveKey(Encoding.UTF8.GetBytes(Password), salt, CheapN, 1, 1, derived);
        var data = new byte[master.Length + BlobCipher.Overhead];
        new BlobCipher(MasterKey.FromBytes(derived)).Seal(master, data);
        return Encoding.UTF8.GetBytes(
            $$"""{"created":"2026-01-01T00:00:00Z","username":"u","hostname":"h","kdf":"scrypt","N":{{CheapN}},"r":1,"p":1,"salt":"{{Convert.ToBase64String(salt)}}","data":"{{Convert.ToBase64String(data)}}"}"""
        );
    }

    /// <summary>Names the repository and the password.</summary>
    public Dictionary<string, string> Environment =>
        new() { ["NECTAR_REPOSITORY"] = this["repo"], ["NECTAR_PASSWORD"] = Password };

    /// <summary>Runs with the repository and password from the environment.</summary>
    public Task<Outcome> RunAsync(params string[] args) => RunAsync(Environment, args);

    public async Task<Outcome> RunAsync(Dictionary<string, string> environment, params string[] args)
    {
        using var process = Start(environment, args);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    public Process Start(Dictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo(Program, args)
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (
            var name in start
                .Environment.Keys.Where(name => name.StartsWith("NECTAR_") || name.StartsWith("RESTIC_"))
                .ToList()
        )
            start.Environment.Remove(name);
        start.Environment["TZ"] = "UTC";
        start.Environment["DOTNET_TieredCompilation"] = "1";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static async Task<Outcome> EndAsync(Process process)
    {
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new Outcome(process.ExitCode, output, await errors);
    }

    /// <summary>A successful run.</summary>
    public async Task<Outcome> DoAsync(params string[] args)
    {
        var outcome = await RunAsync(args);
        Assert.True(outcome.Code == 0, $"{string.Join(' ', args)}: {outcome.Code}\n{outcome.Output}{outcome.Errors}");
        return outcome;
    }

    public void Dispose()
    {
        // The runtime cannot delete names that are no UTF-8.
        ShellCommand.Run(_directory.Path, "rm -rf src out");
        _directory.Dispose();
    }
}
