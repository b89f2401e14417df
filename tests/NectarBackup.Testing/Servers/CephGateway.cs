using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using NectarBackup.Stores.S3;

namespace NectarBackup.Testing.Servers;

/// <summary>
/// A real S3 server for the tests of an assembly, started when first asked for. NECTAR_TEST_S3 names one that runs already (with its key in
/// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY); else Debian's Ceph is started with everything in memory.
/// </summary>
public sealed class CephGateway : IAsyncDisposable
{
    private const string AccessKey = "NECTARTESTKEY";
    private const string SecretKey = "nectar-test-secret";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private readonly Lazy<Task<Uri>> _endpoint;
    private Process? _process;
    private TemporaryDirectory? _directory;

    public CephGateway() => _endpoint = new Lazy<Task<Uri>>(StartAsync);

    private static string? External => Environment.GetEnvironmentVariable("NECTAR_TEST_S3");

    public S3Credentials Credentials { get; } =
        External is null ? new S3Credentials(AccessKey, SecretKey) : S3Credentials.FromEnvironment();

    /// <summary>A bucket of its own name, not yet made.</summary>
    public async Task<S3Options> NewBucketAsync(string prefix = "") =>
        new(await _endpoint.Value, $"nectar-{Guid.NewGuid():n}", prefix);

    /// <summary>The variables by which other programs (restic, mc) find the key.</summary>
    public IReadOnlyDictionary<string, string> Environ { get; } =
        new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = External is null
                ? AccessKey
                : Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID")!,
            ["AWS_SECRET_ACCESS_KEY"] = External is null
                ? SecretKey
                : Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY")!,
        };

    private async Task<Uri> StartAsync()
    {
        if (External is { } address)
            return new Uri(address);
        _directory = new TemporaryDirectory();
        var port = FreePort();
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList =
            {
                Path.Combine(AppContext.BaseDirectory, "Servers", "start-ceph"),
                _directory.Path,
                $"{port}",
                $"{FreePort()}",
            },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Environ)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(StartLimit);
        if (await _process.StandardOutput.ReadLineAsync(limit.Token) != "ready")
            throw new InvalidOperationException(
                $"Ceph did not start (tests/install-servers installs it): {await File.ReadAllTextAsync(_directory["log/start"])}"
            );
        return new Uri($"http://127.0.0.1:{port}");
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <summary>Closing its input ends the script, and the script its daemons; so does the end of this process by whatever cause.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_process is { } process)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }
        _directory?.Dispose();
    }
}
