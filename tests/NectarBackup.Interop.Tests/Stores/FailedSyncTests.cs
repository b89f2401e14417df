using System.Diagnostics;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>A disk that fails in fsync(2): strace answers the call with EIO, for one file or directory of this process.</summary>
public sealed class FailedSyncTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static (ObjectName Name, byte[] Bytes) Pack(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return (new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes)), bytes);
    }

    /// <summary>Fails every fsync of a path while it lives.</summary>
    private sealed class BrokenDisk : IDisposable
    {
        private readonly Process _strace;

        private BrokenDisk(Process strace) => _strace = strace;

        public static async Task<BrokenDisk> AttachAsync(string path)
        {
            var start = new ProcessStartInfo(
                "strace",
                [
                    "-f",
                    "-p",
                    $"{Environment.ProcessId}",
                    "-P",
                    path,
                    "-e",
                    "trace=fsync",
                    "-e",
                    "inject=fsync:error=EIO",
                ]
            )
            {
                RedirectStandardError = true,
            };
            var strace = Process.Start(start)!;
            // "strace: Process 1 attached with 30 threads"
            while (await strace.StandardError.ReadLineAsync(Cancellation) is { } line)
                if (line.Contains("attached", StringComparison.Ordinal))
                {
                    _ = strace.StandardError.ReadToEndAsync(CancellationToken.None); // a full pipe would stop it, and us
                    return new BrokenDisk(strace);
                }
            throw new InvalidOperationException("strace did not attach (tests/install-servers installs it)");
        }

        public void Dispose()
        {
            ShellCommand.Run("/", $"kill -INT {_strace.Id}"); // detaches
            _strace.WaitForExit();
            _strace.Dispose();
        }
    }

    [Fact]
    public async Task What_could_not_be_synced_is_deleted_and_never_counts_as_stored()
    {
        await using var store = new DirectoryStore(_directory["r"]);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack(50_000);
        var spool = Path.Combine(store.SpoolDirectory!, "a");
        await File.WriteAllBytesAsync(spool, bytes, Cancellation);

        StoreException error;
        using (await BrokenDisk.AttachAsync(spool))
            error = await Assert.ThrowsAsync<StoreException>(() =>
                store.PutAsync(name, ObjectContent.OfSpoolFile(spool, bytes.Length), Cancellation)
            );

        Assert.Equal(StoreFault.Permanent, error.Fault);
        Assert.Contains("counts as lost", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(spool));
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
    }

    [Fact]
    public async Task A_name_that_could_not_be_synced_is_taken_back()
    {
        await using var store = new DirectoryStore(_directory["r"]);
        await store.CreateAsync(Cancellation);
        var (name, bytes) = Pack(50_001);

        StoreException error;
        using (await BrokenDisk.AttachAsync(Path.GetDirectoryName(_directory["r/" + name.Path])!))
            error = await Assert.ThrowsAsync<StoreException>(() =>
                store.PutAsync(name, ObjectContent.Of(bytes), Cancellation)
            );

        Assert.Equal(StoreFault.Permanent, error.Fault);
        Assert.Null(await store.FindLengthAsync(name, Cancellation));
        Assert.Empty(Directory.GetFiles(_directory["r/data"], "*", SearchOption.AllDirectories));
        await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
        Assert.Equal(bytes.Length, await store.FindLengthAsync(name, Cancellation));
    }
}
