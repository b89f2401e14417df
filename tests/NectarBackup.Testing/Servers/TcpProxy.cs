using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace NectarBackup.Testing.Servers;

/// <summary>What happens to the bytes of a proxy's connections; counted from when it is set, over all of them.</summary>
public sealed record LineFault
{
    /// <summary>Each piece that is passed on waits so long.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>The connection on which the client sends this byte is reset (RST) instead of passing it on.</summary>
    public long? ResetAfterSent { get; init; }

    /// <summary>The first connection that would bring an answer is reset instead: the request was carried out, and nobody knows.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>The connection on which this byte of an answer comes passes nothing more on, and stays open.</summary>
    public long? BlackholeAfterReceived { get; init; }

    /// <summary>How many connections are struck; the next ones are sound.</summary>
    public int Times { get; init; } = 1;
}

/// <summary>A proxy on loopback in front of a server, that delays, resets and swallows; with a certificate it ends TLS too.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<int, Task> _connections = new();
    private readonly Uri _target;
    private readonly X509Certificate2? _certificate;
    private readonly Lock _gate = new();
    private readonly Task _loop;
    private LineFault _fault = new();
    private long _sent;
    private long _received;
    private int _struck;
    private int _count;

    public TcpProxy(Uri target, X509Certificate2? certificate = null)
    {
        (_target, _certificate) = (target, certificate);
        _listener.Start();
        var port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        Address = new Uri($"{(certificate is null ? "http" : "https")}://localhost:{port}");
        _loop = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>Connections until now.</summary>
    public int Connections => Volatile.Read(ref _count);

    /// <summary>Connections that the fault set last has struck.</summary>
    public int Struck
    {
        get
        {
            lock (_gate)
                return _struck;
        }
    }

    public void Set(LineFault fault)
    {
        lock (_gate)
            (_fault, _sent, _received, _struck) = (fault, 0, 0, 0);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client;
            try
            {
                client = await _listener.AcceptTcpClientAsync(_end.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
            var number = Interlocked.Increment(ref _count);
            _connections[number] = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_target.Host, _target.Port, stop.Token);
                await using var near = await NearAsync(client, stop.Token);
                await using var far = server.GetStream();
                var there = PumpAsync(near, far, isAnswer: false, client, stop.Token);
                var back = PumpAsync(far, near, isAnswer: true, client, stop.Token);
                await Task.WhenAny(there, back);
                await stop.CancelAsync();
                await Task.WhenAll(there, back);
            }
            catch (Exception e)
                when (e
                        is IOException
                            or SocketException
                            or OperationCanceledException
                            or ObjectDisposedException
                            or System.Security.Authentication.AuthenticationException
                )
            {
                // One side went away, by this proxy's doing or its own.
            }
        }
    }

    private async Task<Stream> NearAsync(TcpClient client, CancellationToken cancellationToken)
    {
        if (_certificate is null)
            return client.GetStream();
        var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificate = _certificate },
            cancellationToken
        );
        return tls;
    }

    private async Task PumpAsync(
        Stream from,
        Stream to,
        bool isAnswer,
        TcpClient client,
        CancellationToken cancellationToken
    )
    {
        var buffer = new byte[16 << 10];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (Latency is { Ticks: > 0 } latency)
                await Task.Delay(latency, cancellationToken);
            switch (Decide(count, isAnswer))
            {
                case Verdict.Reset:
                    client.LingerState = new LingerOption(true, 0);
                    client.Client.Close();
                    return;
                case Verdict.Hold:
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    return;
                default:
                    await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                    break;
            }
        }
    }

    private TimeSpan Latency
    {
        get
        {
            lock (_gate)
                return _fault.Latency;
        }
    }

    private enum Verdict
    {
        Pass,
        Reset,
        Hold,
    }

    private Verdict Decide(int count, bool isAnswer)
    {
        lock (_gate)
        {
            if (isAnswer)
                _received += count;
            else
                _sent += count;
            if (_struck >= _fault.Times)
                return Verdict.Pass;
            var verdict =
                isAnswer && _fault.LoseAnswer ? Verdict.Reset
                : isAnswer && _received > _fault.BlackholeAfterReceived ? Verdict.Hold
                : !isAnswer && _sent > _fault.ResetAfterSent ? Verdict.Reset
                : Verdict.Pass;
            if (verdict == Verdict.Pass)
                return verdict;
            _struck++;
            (_sent, _received) = (0, 0);
            return verdict;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _loop;
        await Task.WhenAll(_connections.Values);
        _end.Dispose();
    }
}
