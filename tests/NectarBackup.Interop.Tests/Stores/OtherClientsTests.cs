using System.Security.Cryptography;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Stores.S3;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>The bucket through MinIO's client, which shares no code with ours.</summary>
public sealed class OtherClientsTests(CephGateway gateway) : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private string Mc(S3Options options, string arguments)
    {
        var key = $"{gateway.Environ["AWS_ACCESS_KEY_ID"]}:{gateway.Environ["AWS_SECRET_ACCESS_KEY"]}";
        return ShellCommand.Run(
            _directory.Path,
            $"""
            export PATH="$PATH:{Peers}" MC_HOST_t="http://{key}@{options.Endpoint.Authority}"
            mc --quiet --config-dir "$PWD/mc" {arguments}
            """
        );
    }

    // where tests/install-servers puts it
    private const string Peers = "${NECTAR_PEERS:-$HOME/.cache/nectarbackup/peers}/bin";

    [Theory]
    [InlineData("")]
    [InlineData("Some prefix/ö+(1) ~'!/x")]
    public async Task Mc_lists_and_reads_what_was_stored_and_what_mc_stored_is_read(string prefix)
    {
        var options = await gateway.NewBucketAsync(prefix) with { MultipartThreshold = 6 << 20, PartLength = 5 << 20 };
        await using var store = new S3Store(options, gateway.Credentials);
        await store.CreateAsync(Cancellation);
        var root = prefix.Length > 0 ? $"t/{options.Bucket}/{prefix}" : $"t/{options.Bucket}";
        foreach (var length in new[] { 1, 100_000, 11 << 20 })
        {
            var bytes = RandomNumberGenerator.GetBytes(length);
            var name = new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes));
            await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
            Assert.Contains($"{name.Id}", Mc(options, $"ls --recursive \"{root}/data/\""), StringComparison.Ordinal);
            var sum = Mc(options, $"cat \"{root}/{name.Path}\" | sha256sum");
            Assert.StartsWith($"{name.Id}", sum, StringComparison.Ordinal);
        }

        var others = RandomNumberGenerator.GetBytes(70_000);
        var theirs = new ObjectName(ObjectKind.Snapshot, ObjectId.Of(others));
        await File.WriteAllBytesAsync(_directory["theirs"], others, Cancellation);
        Mc(options, $"cp theirs \"{root}/{theirs.Path}\"");
        var back = new byte[others.Length];
        await store.ReadAsync(theirs, 0, back, Cancellation);
        Assert.Equal(others, back);
        List<ObjectInfo> listed = [];
        await foreach (var info in store.ListAsync(ObjectKind.Snapshot, Cancellation))
            listed.Add(info);
        Assert.Equal([new ObjectInfo(theirs, others.Length)], listed);

        await store.DeleteAsync(theirs, Cancellation);
        Assert.Equal("", Mc(options, $"ls --recursive \"{root}/snapshots/\""));
    }
}
