using System.Text;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Tests.LocalFiles;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.Restore;

/// <summary>A repository in memory, a source and a target directory.</summary>
internal sealed class RestoreBench : IAsyncDisposable
{
    private readonly TemporaryPlace _place = new();

    private RestoreBench(Repository repository, MemoryStore store)
    {
        (Repository, Store) = (repository, store);
        (Source, Target) = (_place.Make("source"), _place.Make("target"));
    }

    public Repository Repository { get; }
    public MemoryStore Store { get; }
    public string Source { get; }
    public string Target { get; }
    public List<RestoreFault> Faults { get; } = [];
    public List<(string Path, RestoreAction Action)> Actions { get; } = [];

    public static async Task<RestoreBench> StartAsync()
    {
        var store = new MemoryStore();
        var repository = await QuickRepository.InitAsync(
            store,
            "x"u8.ToArray(),
            null,
            ("u", "h"),
            TimeProvider.System,
            TestContext.Current.CancellationToken
        );
        return new RestoreBench(repository, store);
    }

    public RestorePlan Plan =>
        new()
        {
            Target = Encoding.UTF8.GetBytes(Target),
            OnFault = Faults.Add,
            OnEntry = (path, action) => Actions.Add((BytePath.Display(path.Span), action)),
        };

    /// <summary>Backs the source up.</summary>
    /// <returns>The tree of the source directory itself.</returns>
    public async Task<ObjectId> BackUpAsync()
    {
        var path = Encoding.UTF8.GetBytes(Source);
        var root = await WriteAsync(writer =>
            LocalBackup.RunAsync(
                Repository,
                writer,
                new LocalBackupOptions
                {
                    Paths = [path],
                    WorkingDirectory = "/"u8.ToArray(),
                    OnFault = fault => Assert.Fail(fault.Message),
                },
                null,
                default
            )
        );
        return await SnapshotPath.FindTreeAsync(Repository, root, path, default);
    }

    public async Task<ObjectId> WriteAsync(Func<SnapshotWriter, Task> add)
    {
        var options = new SnapshotWriterOptions { Workers = 2 };
        await using var writer = SnapshotWriter.Start(Repository, options, default);
        await add(writer);
        return await writer.FinishAsync(default);
    }

    public Task<RestoreProgress> RestoreAsync(ObjectId tree, RestorePlan? plan = null) =>
        Restorer.RunAsync(Repository, tree, plan ?? Plan, TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        _place.Dispose();
        return Repository.DisposeAsync();
    }
}
