using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>One pool of connections for one store. Certificates are always verified.</summary>
internal sealed class S3Connections : HttpClientFactory, IDisposable
{
    /// <summary>So that refreshing a lock need not wait for a slow pack, which could cost the lock.</summary>
    private const int Spare = 3;

    private readonly HttpClient _client;

    public S3Connections(S3Options options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = TimeSpan.FromSeconds(30),
            MaxConnectionsPerServer = options.MaxConnections + Spare,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
            PooledConnectionLifetime = TimeSpan.FromMinutes(10), // follows a changed DNS entry
        };
        if (options.CertificateAuthorityFile is { } file)
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = TrustOnly(file) };
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan }; // the store has a time limit of its own
    }

    private static X509ChainPolicy TrustOnly(string file)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck, // a private authority seldom publishes a list
        };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(file);
            if (policy.CustomTrustStore.Count == 0)
                throw new StoreException(StoreFault.Permanent, $"the CA file '{file}' holds no PEM certificate");
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException
            )
        {
            throw new StoreException(StoreFault.Permanent, $"cannot read the CA file '{file}': {e.Message}", e);
        }
        return policy;
    }

    public HttpClient Client => _client;

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    public void Dispose() => _client.Dispose();
}
