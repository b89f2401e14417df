using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Indexes;

namespace NectarBackup.Engine.Backup;

/// <summary>How a snapshot is written.</summary>
public sealed record SnapshotWriterOptions
{
    /// <summary>Threads that hash, compress and seal; 1 or more.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Packs that are stored at once; null for as many as the store advises.</summary>
    public int? Connections { get; init; }

    /// <summary>zstd's level, 1 to 19.</summary>
    public int Level { get; init; } = Zstd.DefaultLevel;

    /// <summary>Compress data; trees are compressed always.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>Open every blob again and compare it before it is stored; else one in 64.</summary>
    public bool VerifyAll { get; init; }

    /// <summary>Do all but store.</summary>
    public bool DryRun { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Gets every sealed blob before it is verified, and may change it: so tests play faulty memory.</summary>
    internal Action<Span<byte>>? OnSealed { get; init; }
}

/// <summary>
/// The one door into a repository for all sources. In steps:
/// <list type="number">
/// <item>A source opens directories, adds nodes and writes content through a <see cref="ContentWriter"/>, names ascending where it can.</item>
/// <item>Content is cut into chunks in a slab of native memory; the node's text gets 64 blanks for each chunk's id.</item>
/// <item>Full slabs go to the workers: hash all chunks, fill in the ids, drop what the index has, compress, seal and append the rest to packs.</item>
/// <item>Whoever fills in the last id of a closed directory stores its tree, and goes on with the directory above.</item>
/// <item>Full packs are stored in the background, then named by an index.</item>
/// <item>With the root's tree, all packs and the last index stored, the caller writes the snapshot, last.</item>
/// </list>
/// Memory is bounded by the slabs: sources block while all are in use. Thread safe.
/// </summary>
public sealed class SnapshotWriter : IAsyncDisposable
{
    private readonly SnapshotWriterOptions _options;
    private readonly CancellationTokenSource _stop;
    private readonly BlockingCollection<object> _work;
    private readonly BlockingCollection<Slab> _freeSlabs = [];
    private readonly List<Slab> _slabs = [];
    private readonly int _maxSlabs;
    private readonly Task[] _workers;
    private readonly PackStore _packs;
    private readonly TaskCompletionSource<ObjectId> _root = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;

    private SnapshotWriter(Repository repository, SnapshotWriterOptions options, CancellationToken cancellationToken)
    {
        _options = options;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _work = new BlockingCollection<object>(256);
        _maxSlabs = options.Workers + 2;
        Chunker = new Chunker(repository.Config.Polynomial);
        _packs = new PackStore(repository, options.Connections, options.Time, _stop.Token);
        _workers = new Task[options.Workers];
        for (var i = 0; i < _workers.Length; i++)
            _workers[i] = Task.Factory.StartNew(
                () => Work(repository),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default
            );
        Root = new DirectoryBuilder(null, default);
    }

    /// <summary>Starts the workers. The repository's index must be loaded.</summary>
    public static SnapshotWriter Start(
        Repository repository,
        SnapshotWriterOptions options,
        CancellationToken cancellationToken
    ) => new(repository, options, cancellationToken);

    public BackupProgress Progress { get; } = new();

    /// <summary>The directory that the snapshot's tree is.</summary>
    public DirectoryBuilder Root { get; }

    internal Chunker Chunker { get; }

    /// <summary>A writer for one more thread of the source.</summary>
    public ContentWriter NewContentWriter() => new(this);

    /// <summary>
    /// Closes the root and waits until its tree and all below it are stored and indexed. Every other directory must be closed, every content writer
    /// flushed.
    /// </summary>
    /// <returns>The id of the root's tree.</returns>
    public async Task<ObjectId> FinishAsync(CancellationToken cancellationToken)
    {
        Release(Root);
        _work.CompleteAdding();
        await Task.WhenAll(_workers).WaitAsync(cancellationToken);
        ThrowIfFailed();
        if (!_root.Task.IsCompletedSuccessfully)
            throw new InvalidOperationException("A directory was left open, or a content writer was not flushed.");
        await _packs.FinishAsync(cancellationToken);
        return await _root.Task;
    }

    internal Slab RentSlab()
    {
        lock (_slabs)
        {
            if (_freeSlabs.Count == 0 && _slabs.Count < _maxSlabs)
            {
                var slab = new Slab();
                _slabs.Add(slab);
                return slab;
            }
        }
        return Guarded(() => _freeSlabs.Take(_stop.Token));
    }

    internal void Submit(Slab slab) =>
        Guarded(() =>
        {
            _work.Add(slab, _stop.Token);
            return true;
        });

    internal void Release(DirectoryBuilder directory)
    {
        if (directory.Release())
            Guarded(() =>
            {
                _work.Add(directory, _stop.Token);
                return true;
            });
    }

    internal void RootStored(ObjectId id) => _root.TrySetResult(id);

    private T Guarded<T>(Func<T> wait)
    {
        try
        {
            return wait();
        }
        catch (OperationCanceledException)
        {
            ThrowIfFailed();
            throw;
        }
    }

    private void ThrowIfFailed()
    {
        if ((Volatile.Read(ref _failure) ?? _packs.Failure) is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    private void Work(Repository repository)
    {
        try
        {
            using var worker = new BlobWorker(this, repository, _packs, _options);
            foreach (var item in _work.GetConsumingEnumerable(_stop.Token))
            {
                if (item is not Slab slab)
                {
                    worker.Complete((DirectoryBuilder)item);
                    continue;
                }
                worker.Process(slab);
                slab.Chunks.Clear();
                _freeSlabs.Add(slab);
            }
            worker.Finish();
        }
        catch (Exception e)
        {
            // The first failure ends the whole snapshot; FinishAsync and the waiting sources raise it.
            if (e is not OperationCanceledException || _packs.Failure is null)
                Interlocked.CompareExchange(ref _failure, e, null);
            _stop.Cancel();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        await _packs.SalvageAsync();
        await _packs.DisposeAsync();
        foreach (var slab in _slabs)
            slab.Dispose();
        _work.Dispose();
        _freeSlabs.Dispose();
        _stop.Dispose();
    }
}
