using System.Runtime.InteropServices;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Indexes;

/// <summary>
/// Stores finished packs in the background and records them in index files: a pack first, then the index that names it. The index is flushed
/// regularly, so that what an interrupted run has uploaded is found by the next one. Thread safe.
/// </summary>
public sealed class PackStore : IAsyncDisposable
{
    /// <summary>Blobs of an index file, as restic's limit; and the age at which a smaller one is written.</summary>
    private const int MaxBlobs = 50_000;

    private static readonly TimeSpan s_maxAge = TimeSpan.FromMinutes(1);

    private readonly Repository _repository;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _slots;
    private readonly List<Task> _transfers = [];
    private readonly SemaphoreSlim _indexWriting = new(1, 1);
    private readonly Lock _lock = new();
    private List<(ObjectId Pack, IReadOnlyList<PackBlob> Blobs)> _pending = [];
    private int _pendingBlobs;
    private long _pendingSince;
    private Exception? _failure;
    private long _bytesStored;

    /// <param name="repository">Where to; its index learns of every stored pack.</param>
    /// <param name="connections">Packs that are stored at once, 1 or more; null for as many as the store advises.</param>
    /// <param name="time">The clock that the index is flushed by.</param>
    /// <param name="cancellationToken">Ends all transfers.</param>
    public PackStore(Repository repository, int? connections, TimeProvider time, CancellationToken cancellationToken)
    {
        _repository = repository;
        _time = time;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _slots = new SemaphoreSlim(connections ?? repository.Store.Connections);
    }

    /// <summary>Bytes of the packs that are stored.</summary>
    public long BytesStored => Interlocked.Read(ref _bytesStored);

    /// <summary>The first error; nothing more is stored after it.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Hands a pack over; blocks while all connections are busy. An earlier failure is raised here.</summary>
    public void Enqueue(FinishedPack pack)
    {
        try
        {
            _slots.Wait(_stop.Token);
        }
        catch (OperationCanceledException) when (Failure is not null)
        {
            File.Delete(pack.SpoolPath);
            throw Failed();
        }
        lock (_lock)
        {
            _transfers.RemoveAll(static transfer => transfer.IsCompleted);
            _transfers.Add(Task.Run(() => StoreAsync(pack)));
        }
    }

    /// <summary>Completes, never fails, when every pack that was handed over is stored or has failed.</summary>
    private Task WhenIdle()
    {
        lock (_lock)
            return Task.WhenAll(_transfers);
    }

    private async Task StoreAsync(FinishedPack pack)
    {
        try
        {
            await _repository.Store.PutAsync(
                new ObjectName(ObjectKind.Pack, pack.Id),
                ObjectContent.OfSpoolFile(pack.SpoolPath, pack.Length),
                _stop.Token
            );
            Interlocked.Add(ref _bytesStored, pack.Length);
            Record(pack);
            await FlushIndexAsync(force: false, _stop.Token);
        }
        catch (Exception e)
        {
            File.Delete(pack.SpoolPath);
            Interlocked.CompareExchange(ref _failure, e, null);
            await _stop.CancelAsync();
        }
        finally
        {
            _slots.Release();
        }
    }

    private void Record(FinishedPack pack)
    {
        _repository.Index.AddPack(pack.Id, CollectionsMarshal.AsSpan(pack.Blobs));
        lock (_lock)
        {
            if (_pending.Count == 0)
                _pendingSince = _time.GetTimestamp();
            _pending.Add((pack.Id, pack.Blobs));
            _pendingBlobs += pack.Blobs.Count;
        }
    }

    private async Task FlushIndexAsync(bool force, CancellationToken cancellationToken)
    {
        await _indexWriting.WaitAsync(cancellationToken);
        try
        {
            List<(ObjectId, IReadOnlyList<PackBlob>)> packs;
            lock (_lock)
            {
                var due = force || _pendingBlobs >= MaxBlobs || _time.GetElapsedTime(_pendingSince) >= s_maxAge;
                if (_pending.Count == 0 || !due)
                    return;
                packs = _pending;
                _pending = [];
                _pendingBlobs = 0;
            }
            byte[] stored;
            using (var json = new NativeBuffer())
            {
                IndexJson.Write(json, packs);
                stored = _repository.SealUnpacked(json.Written);
            }
            await _repository.SaveSealedAsync(ObjectKind.Index, stored, cancellationToken);
        }
        finally
        {
            _indexWriting.Release();
        }
    }

    /// <summary>Waits until everything that was handed over is stored, and writes the last index.</summary>
    /// <exception cref="StoreException">A pack or index could not be stored.</exception>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await WhenIdle().WaitAsync(cancellationToken);
        if (Failure is not null)
            throw Failed();
        await FlushIndexAsync(force: true, cancellationToken);
    }

    /// <summary>
    /// Records what was stored before a failure or a cancel, so that the next run goes on from there. If the store does not answer either, the next
    /// run stores it again; the error that ended this one is already on its way to the user.
    /// </summary>
    public async Task SalvageAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), _time);
        try
        {
            await WhenIdle().WaitAsync(limit.Token);
            await FlushIndexAsync(force: true, limit.Token);
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException)
        {
            // As said above: nothing is lost by it but time.
        }
    }

    private Exception Failed() =>
        Failure switch
        {
            StoreException e => new StoreException(e.Fault, e.Message, e),
            OperationCanceledException e => new OperationCanceledException(e.Message, e),
            var e => new InvalidOperationException($"a pack could not be stored: {e!.Message}", e),
        };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await WhenIdle();
        _stop.Dispose();
        _slots.Dispose();
        _indexWriting.Dispose();
    }
}
