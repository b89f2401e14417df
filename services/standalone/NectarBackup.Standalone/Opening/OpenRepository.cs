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
    private readonly CancellationToken _asked;

    private OpenRepository(Repository repository, RepositoryLock? held, CancellationToken cancellationToken)
    {
        (Repository, _lock, _asked) = (repository, held, cancellationToken);
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
            return new OpenRepository(repository, held, cancellationToken);
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

    /// <summary>Runs what needs the lock; a lock that is lost meanwhile is an error, not an interruption.</summary>
    /// <exception cref="RepositoryException">Locked: the lock was lost.</exception>
    public async Task<T> GuardAsync<T>(Func<CancellationToken, Task<T>> work)
    {
        try
        {
            return await work(Token);
        }
        catch (OperationCanceledException)
            when (_lock?.Lost.IsCancellationRequested == true && !_asked.IsCancellationRequested)
        {
            throw new RepositoryException(
                RepositoryError.Locked,
                "the lock on the repository was lost: it could not be refreshed in time, or was removed",
                "run the command again"
            );
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
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
