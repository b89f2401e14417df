using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace NectarBackup.Testing.Servers;

/// <summary>A request as it came over the wire.</summary>
public sealed record WireRequest(
    string Method,
    string PathAndQuery,
    IReadOnlyDictionary<string, string> Headers,
    byte[] Body
);

/// <summary>An HTTP server on loopback that records each request and answers as the test says.</summary>
public sealed class ScriptedServer : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<WireRequest, HttpListenerResponse, Task> _answer;
    private readonly ConcurrentQueue<WireRequest> _requests = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly Task _loop;

    /// <param name="answer">Fills the response; it is closed afterwards.</param>
    public ScriptedServer(Func<WireRequest, HttpListenerResponse, Task> answer)
    {
        _answer = answer;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Address = new Uri($"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}");
        }
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>All requests until now, in the order of their arrival.</summary>
    public IReadOnlyList<WireRequest> Requests => [.. _requests];

    private async Task AcceptAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e)
                when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            _ = Task.Run(() => HandleAsync(context));
        }
    }

    private async Task HandleAsync(HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            var headers = context
                .Request.Headers.AllKeys.OfType<string>()
                .ToDictionary(k => k, k => context.Request.Headers[k]!, StringComparer.OrdinalIgnoreCase);
            var request = new WireRequest(
                context.Request.HttpMethod,
                context.Request.RawUrl ?? "",
                headers,
                body.ToArray()
            );
            _requests.Enqueue(request);
            await _answer(request, context.Response);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException)
        {
            _failures.Enqueue(e); // the client went away, as some tests mean it to
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }
}
