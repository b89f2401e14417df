using NectarBackup.Engine;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Opening;

/// <summary>What a command does to others while it runs.</summary>
internal enum LockMode
{
    /// <summary>Reads what cannot vanish meanwhile: no lock.</summary>
    None,

    /// <summary>Only reads: a shared lock, none with <c>--no-lock</c>.</summary>
    Reading,

    /// <summary>Adds: a shared lock.</summary>
    Adding,

    /// <summary>Deletes: alone.</summary>
    Exclusive,
}

/// <summary>A repository that a command has opened, and its lock. Disposing releases both.</summary>
internal sealed class OpenRepository : IAsyncDisposable
{
    private readonly RepositoryLock? _lock;
    private readonly CancellationTokenSource _stop;
    private readonly CommandRun _run;

    private OpenRepository(
        CommandRun run,
        Repository repository,
        RepositoryLock? held,
        CancellationToken cancellationToken
    )
    {
        (_run, Repository, _lock) = (run, repository, held);
        _stop = held is null
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken)
            : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
    }

    public Repository Repository { get; }

    /// <summary>The lock, for what must see it lost at once; null without one.</summary>
    public RepositoryLock? Lock => _lock;

    /// <summary>Cancelled when the user wants to stop, and when the lock is lost.</summary>
    public CancellationToken Token => _stop.Token;

    public static async Task<OpenRepository> OpenAsync(
        CommandRun run,
        LockMode mode,
        CancellationToken cancellationToken
    )
    {
        var location = Location.Find(run);
        var password = await Password.GetAsync(run, isNew: false, cancellationToken);
        return await OpenAsync(run, Location.Open(location, run), password, mode, cancellationToken);
    }

    /// <summary>Takes over the store.</summary>
    public static async Task<OpenRepository> OpenAsync(
        CommandRun run,
        IObjectStore store,
        byte[] password,
        LockMode mode,
        CancellationToken cancellationToken
    )
    {
        Repository? repository = null;
        try
        {
            repository = await Repository.OpenAsync(store, password, Location.Cache(run), cancellationToken);
            var held =
                mode == LockMode.None || mode == LockMode.Reading && run.Get(GlobalOptions.NoLock)
                    ? null
                    : await RepositoryLock.AcquireAsync(
                        repository,
                        mode == LockMode.Exclusive,
                        LockOptionsOf(run),
                        cancellationToken
                    );
            return new OpenRepository(run, repository, held, cancellationToken);
        }
        catch
        {
            await (repository?.DisposeAsync() ?? store.DisposeAsync());
            throw;
        }
    }

    private static LockOptions LockOptionsOf(CommandRun run)
    {
        var wait = run.Get(GlobalOptions.RetryLock, "RETRY_LOCK") is { } text
            ? Durations.Parse(text, GlobalOptions.RetryLock.Name)
            : TimeSpan.Zero;
        return new LockOptions(LocalLockIdentity.Instance, run.Time, wait, held => run.Warn($"waiting for the {held}"));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _run.HasLostLock |= _lock?.Lost.IsCancellationRequested == true;
            if (_lock is not null)
                await _lock.DisposeAsync();
        }
        finally
        {
            await Repository.DisposeAsync();
            _stop.Dispose();
        }
    }
}
