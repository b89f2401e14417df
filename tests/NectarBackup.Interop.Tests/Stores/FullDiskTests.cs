using System.Diagnostics;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>A file system of 2 MiB in memory; mounting it takes root, as the test machines have.</summary>
public sealed class FullDiskTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private readonly TemporaryDirectory _directory = new();

    public FullDiskTests()
    {
        Directory.CreateDirectory(_directory["disk"]);
        Run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", _directory["disk"]);
    }

    public void Dispose()
    {
        Run("umount", _directory["disk"]);
        _directory.Dispose();
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public async Task A_full_disk_is_told_leaves_nothing_half_written_and_can_be_freed()
    {
        await using var store = new DirectoryStore(_directory["disk/r"]);
        await store.CreateAsync(Cancellation);
        List<ObjectName> stored = [];
        StoreException? full = null;
        for (var seed = 0; full is null; seed++)
        {
            var bytes = new byte[600_000];
            new Random(seed).NextBytes(bytes);
            var name = new ObjectName(ObjectKind.Pack, ObjectId.Of(bytes));
            try
            {
                await store.PutAsync(name, ObjectContent.Of(bytes), Cancellation);
                stored.Add(name);
            }
            catch (StoreException e)
            {
                full = e;
            }
        }
        Assert.Equal(StoreFault.Permanent, full.Fault);
        Assert.Contains("no space is left", full.Message, StringComparison.Ordinal);
        Assert.Equal(stored.Count, Directory.GetFiles(_directory["disk/r"], "*", SearchOption.AllDirectories).Length);
        await store.DeleteAsync(stored[0], Cancellation);
        var small = new byte[100_000];
        await store.PutAsync(
            new ObjectName(ObjectKind.Pack, ObjectId.Of(small)),
            ObjectContent.Of(small),
            Cancellation
        );
    }
}
