using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>A private authority, as most object stores in a company's own network have one.</summary>
public sealed class S3TlsTests(CephGateway gateway) : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private X509Certificate2 Authority(string name, string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true)
        );
        var now = TimeProvider.System.GetUtcNow();
        var authority = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        File.WriteAllText(_directory[file], authority.ExportCertificatePem());
        return authority;
    }

    private static X509Certificate2 Issue(X509Certificate2 authority, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(
            authority,
            now.AddHours(-1),
            now.AddDays(1),
            RandomNumberGenerator.GetBytes(12)
        );
        using var both = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(both.Export(X509ContentType.Pkcs12), null);
    }

    [Fact]
    public async Task A_private_authority_is_trusted_when_named_and_no_other_is()
    {
        using var ours = Authority("ours", "ours.pem");
        using var other = Authority("other", "other.pem");
        using var certificate = Issue(ours, "localhost");
        using var misnamed = Issue(ours, "elsewhere.example");
        var plain = await gateway.NewBucketAsync();
        await using var front = new TcpProxy(plain.Endpoint, certificate);
        await using var wrongName = new TcpProxy(plain.Endpoint, misnamed);
        var options = plain with { Endpoint = front.Address, CertificateAuthorityFile = _directory["ours.pem"] };

        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var bytes = RandomNumberGenerator.GetBytes(1 << 20);
        var name = new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes));
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        var back = new byte[bytes.Length];
        await store.ReadAsync(name, 0, back, Cancellation);
        Assert.True(bytes.AsSpan().SequenceEqual(back));

        foreach (
            var refused in new[]
            {
                options with
                {
                    CertificateAuthorityFile = _directory["other.pem"],
                },
                options with
                {
                    CertificateAuthorityFile = null,
                },
                options with
                {
                    Endpoint = wrongName.Address,
                },
            }
        )
        {
            await using var untrusting = new S3Store(refused, gateway.Credentials);
            foreach (
                var call in new Func<Task>[]
                {
                    () => untrusting.FindLengthAsync(name, Cancellation),
                    () => untrusting.PutAsync(name, ObjectContent.Of(bytes), Cancellation),
                }
            )
            {
                var error = await Assert.ThrowsAsync<StoreException>(call);
                Assert.Equal(StoreFault.Permanent, error.Fault);
                Assert.Contains("no secure connection", error.Message, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("this is no certificate")]
    public void A_ca_file_that_holds_none_is_told_at_once(string? text)
    {
        if (text is not null)
            File.WriteAllText(_directory["ca"], text);
        var options = new S3Options(new Uri("https://localhost:1"), "b", "")
        {
            CertificateAuthorityFile = _directory["ca"],
        };
        var error = Assert.Throws<StoreException>(() => new S3Store(options, gateway.Credentials));
        Assert.Equal(StoreFault.Permanent, error.Fault);
    }
}
