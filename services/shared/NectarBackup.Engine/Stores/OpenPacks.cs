using Microsoft.Win32.SafeHandles;

namespace NectarBackup.Engine.Stores;

/// <summary>
/// The packs a directory store holds open for reading. A restore reads thousands of ranges out of few packs, and an open costs more than a
/// read of what lies in the page cache. The least recently used one goes when there are too many; one in use goes when its last reader is done.
/// </summary>
internal sealed class OpenPacks(int limit) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectId, LinkedListNode<OpenPack>> _packs = [];
    private readonly LinkedList<OpenPack> _byUse = new(); // most recent first
    private bool _disposed;

    /// <summary>The open file of a pack, to be given back by <see cref="Release"/>.</summary>
    /// <exception cref="FileNotFoundException">There is no such file; or any other error of opening it.</exception>
    public OpenPack Take(ObjectId id, string path)
    {
        lock (_gate)
        {
            if (_packs.TryGetValue(id, out var found))
            {
                _byUse.Remove(found);
                _byUse.AddFirst(found);
                found.Value.Readers++;
                return found.Value;
            }
        }
        // Opened outside the lock: on a network file system it may take long. A second reader may open the same file; the first one is kept.
        var opened = new OpenPack(id, File.OpenHandle(path, FileMode.Open, FileAccess.Read, AnyShare));
        OpenPack? surplus = null;
        lock (_gate)
        {
            opened.Readers = 1;
            if (_disposed || _packs.ContainsKey(id))
            {
                opened.Dropped = true;
                return opened;
            }
            _packs[id] = _byUse.AddFirst(opened);
            if (_packs.Count > limit)
                surplus = Remove(_byUse.Last!);
        }
        surplus?.File.Dispose();
        return opened;
    }

    public void Release(OpenPack pack)
    {
        lock (_gate)
        {
            pack.Readers--;
            if (pack.Readers > 0 || !pack.Dropped)
                return;
        }
        pack.File.Dispose();
    }

    /// <summary>Forgets a pack that was deleted, replaced, or could not be read.</summary>
    public void Drop(ObjectId id)
    {
        OpenPack? unused;
        lock (_gate)
            unused = _packs.TryGetValue(id, out var found) ? Remove(found) : null;
        unused?.File.Dispose();
    }

    /// <summary>Takes a pack off the list; returns it if nobody reads it, else its last reader closes it.</summary>
    private OpenPack? Remove(LinkedListNode<OpenPack> node)
    {
        _byUse.Remove(node);
        _packs.Remove(node.Value.Id);
        node.Value.Dropped = true;
        return node.Value.Readers == 0 ? node.Value : null;
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            while (_byUse.Last is { } last)
                Remove(last)?.File.Dispose();
        }
    }

    /// <summary>No advisory lock is taken on objects: restic takes none, and one would keep an NFS server busy.</summary>
    internal const FileShare AnyShare = FileShare.ReadWrite | FileShare.Delete;
}

/// <summary>One open pack and the number of its readers; both fields belong to the lock of <see cref="OpenPacks"/>.</summary>
internal sealed class OpenPack(ObjectId id, SafeFileHandle file)
{
    public ObjectId Id { get; } = id;
    public SafeFileHandle File { get; } = file;
    public int Readers { get; set; }
    public bool Dropped { get; set; }
}
