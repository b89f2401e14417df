using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace NectarBackup.Engine.Stores;

/// <summary>
/// A repository in a directory, laid out as restic's local backend does (restic design: "Repository Layout"): directories 0700, files 0400.
/// A file is written under a temporary name, synced, renamed, and its directory synced. An object that could not be synced counts as lost.
/// </summary>
/// <param name="path">The repository's root; relative to the working directory of now.</param>
/// <param name="time">Tells the age of spool files that others left behind.</param>
public sealed class DirectoryStore(string path, TimeProvider? time = null) : IObjectStore
{
    /// <summary>Packs held open for reading at a time.</summary>
    public const int MaxOpenPacks = 64;

    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode ObjectMode = UnixFileMode.UserRead;

    private readonly string _root = Path.GetFullPath(path);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly OpenPacks _open = new(MaxOpenPacks);
    private readonly Lock _spoolGate = new();
    private SpoolArea? _spool;

    public string Location => _root;

    /// <summary>Made when first asked for, so that a repository which is only read is not written to.</summary>
    /// <exception cref="StoreException">The directory cannot be made.</exception>
    public string? SpoolDirectory
    {
        get
        {
            lock (_spoolGate)
            {
                try
                {
                    return (_spool ??= SpoolArea.Open(Path.Combine(_root, "tmp"), _time)).Path;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw PosixFiles.Explain(e, $"cannot make a spool directory in {_root}");
                }
            }
        }
    }

    public Task CreateAsync(CancellationToken cancellationToken) =>
        Run($"cannot make a repository in {_root}", Create, cancellationToken);

    private void Create()
    {
        Directory.CreateDirectory(_root, DirectoryMode);
        foreach (
            var kind in (ReadOnlySpan<ObjectKind>)
                [ObjectKind.Key, ObjectKind.Lock, ObjectKind.Snapshot, ObjectKind.Index]
        )
            Directory.CreateDirectory(Path.Combine(_root, ObjectName.Directory(kind)), DirectoryMode);
        Directory.CreateDirectory(Path.Combine(_root, "data"), DirectoryMode);
        for (var first = 0; first < 256; first++)
            Directory.CreateDirectory(PackDirectory(first), DirectoryMode);
        PosixFiles.SyncDirectory(Path.Combine(_root, "data"));
        PosixFiles.SyncDirectory(_root);
        if (Path.GetDirectoryName(_root) is { } parent)
            PosixFiles.SyncDirectory(parent);
    }

    public Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken) =>
        Run($"cannot store {name} in {_root}", () => Put(name, content), cancellationToken);

    private void Put(ObjectName name, ObjectContent content)
    {
        var target = PathOf(name);
        if (name.Kind != ObjectKind.Config && LengthOf(target) == content.Length)
        {
            if (content.SpoolPath is { } unneeded)
                SpoolFiles.Delete(name, unneeded);
            return;
        }
        var written = content.SpoolPath ?? WriteBeside(target, content.Memory.Span);
        try
        {
            if (content.SpoolPath is { } spool)
                FinishSpoolFile(name, spool, content.Length);
            Publish(name, written, target);
        }
        catch when (content.SpoolPath is null)
        {
            File.Delete(written);
            throw;
        }
        if (name.Kind == ObjectKind.Pack)
            _open.Drop(name.Id);
    }

    /// <summary>Writes and syncs a temporary file in the target's directory.</summary>
    private static string WriteBeside(string target, ReadOnlySpan<byte> bytes)
    {
        var written = $"{target}-tmp-{Guid.NewGuid():n}";
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = OpenPacks.AnyShare,
            BufferSize = 0,
            UnixCreateMode = ObjectMode,
        };
        try
        {
            using var stream = OpenMakingDirectory(written, options);
            stream.Write(bytes);
            Sync(stream.SafeFileHandle, written);
            return written;
        }
        catch
        {
            File.Delete(written);
            throw;
        }
    }

    // restic makes the directories of packs at initialisation, yet a copied repository may lack the empty ones.
    private static FileStream OpenMakingDirectory(string file, FileStreamOptions options)
    {
        try
        {
            return new FileStream(file, options);
        }
        catch (DirectoryNotFoundException)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!, DirectoryMode);
            return new FileStream(file, options);
        }
    }

    /// <summary>Cuts a spool file to its length, gives it the mode of an object, and syncs it.</summary>
    private static void FinishSpoolFile(ObjectName name, string spool, long length)
    {
        var has = LengthOf(spool) ?? throw SpoolFiles.Missing(name, spool);
        if (has < length)
            throw SpoolFiles.TooShort(name, spool, has, length);
        var access = has > length ? FileAccess.ReadWrite : FileAccess.Read;
        using var file = File.OpenHandle(spool, FileMode.Open, access, OpenPacks.AnyShare);
        if (has > length)
            RandomAccess.SetLength(file, length);
        File.SetUnixFileMode(file, ObjectMode);
        Sync(file, spool);
    }

    /// <summary>
    /// After a failed fsync(2) Linux counts the unwritten pages as clean: a second one would succeed and prove nothing. So the file goes.
    /// </summary>
    private static void Sync(SafeFileHandle file, string path)
    {
        try
        {
            PosixFiles.Sync(file, path);
        }
        catch (IOException e)
        {
            File.Delete(path);
            throw new StoreException(
                StoreFault.Permanent,
                $"'{path}' could not be synced to the disk and counts as lost: {e.Message}",
                e
            );
        }
    }

    private static void Publish(ObjectName name, string written, string target)
    {
        var directory = Path.GetDirectoryName(target)!;
        if (name.Kind != ObjectKind.Config)
        {
            try
            {
                File.Move(written, target, overwrite: true);
            }
            catch (DirectoryNotFoundException)
            {
                Directory.CreateDirectory(directory, DirectoryMode);
                File.Move(written, target, overwrite: true);
            }
        }
        else if (!PublishNew(written, target))
        {
            throw new StoreException(StoreFault.AlreadyThere, $"cannot store {name}: '{target}' exists");
        }
        SyncName(directory, target);
    }

    /// <summary>A name that may not survive a power cut must not be found by a later put, which would take the object for stored.</summary>
    private static void SyncName(string directory, string target)
    {
        try
        {
            PosixFiles.SyncDirectory(directory);
        }
        catch (IOException e)
        {
            File.Delete(target);
            throw new StoreException(
                StoreFault.Permanent,
                $"'{directory}' could not be synced to the disk, so '{target}' counts as lost: {e.Message}",
                e
            );
        }
    }

    private static bool PublishNew(string written, string target)
    {
        try
        {
            if (!PosixFiles.TryLink(written, target))
                return false;
            File.Delete(written);
            return true;
        }
        catch (NotSupportedException)
        {
            // Without hard links (FAT, some FUSE) looking first is the best there is.
            if (LengthOf(target) is not null)
                return false;
            File.Move(written, target, overwrite: false);
            return true;
        }
    }

    public async Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        try
        {
            var path = PathOf(name);
            if (name.Kind != ObjectKind.Pack)
            {
                using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, OpenPacks.AnyShare);
                await FillAsync(name, file, offset, destination, cancellationToken).ConfigureAwait(false);
                return;
            }
            var pack = _open.Take(name.Id, path);
            try
            {
                await FillAsync(name, pack.File, offset, destination, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _open.Release(pack);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (name.Kind == ObjectKind.Pack)
                _open.Drop(name.Id);
            throw PosixFiles.Explain(e, $"cannot read {name} in {_root}");
        }
    }

    private static async Task FillAsync(
        ObjectName name,
        SafeFileHandle file,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    )
    {
        for (var done = 0; done < destination.Length; )
        {
            var read = await RandomAccess
                .ReadAsync(file, destination[done..], offset + done, cancellationToken)
                .ConfigureAwait(false);
            if (read == 0)
                throw new StoreException(
                    StoreFault.TooShort,
                    $"cannot read {name} up to {offset + destination.Length}: it ends at {RandomAccess.GetLength(file)}"
                );
            done += read;
        }
    }

    public async Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken)
    {
        long? length = null;
        await Run($"cannot stat {name} in {_root}", () => length = LengthOf(PathOf(name)), cancellationToken)
            .ConfigureAwait(false);
        return length;
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (kind == ObjectKind.Config)
        {
            if (await FindLengthAsync(ObjectName.Config, cancellationToken).ConfigureAwait(false) is { } length)
                yield return new ObjectInfo(ObjectName.Config, length);
            yield break;
        }
        // An unmounted disk must not look like an empty repository.
        if (!Directory.Exists(_root))
            throw new StoreException(StoreFault.NotFound, $"cannot list {kind} objects: there is no directory {_root}");
        var directories =
            kind == ObjectKind.Pack
                ? Enumerable.Range(0, 256).Select(PackDirectory)
                : [Path.Combine(_root, ObjectName.Directory(kind))];
        foreach (var directory in directories)
        {
            List<ObjectInfo> found = [];
            await Run(
                    $"cannot list '{directory}'",
                    () => DirectoryListing.Read(kind, directory, found),
                    cancellationToken
                )
                .ConfigureAwait(false);
            foreach (var info in found)
                yield return info;
        }
    }

    public Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        Run($"cannot delete {name} in {_root}", () => Delete(name), cancellationToken);

    private void Delete(ObjectName name)
    {
        var target = PathOf(name);
        if (name.Kind == ObjectKind.Pack)
            _open.Drop(name.Id);
        try
        {
            File.Delete(target);
        }
        catch (DirectoryNotFoundException)
        {
            return;
        }
        // Indexes go before the packs they name, snapshots before both: that order must survive a power cut. A pack or a lock that comes back
        // does no harm, and prune deletes packs by the thousand.
        if (name.Kind is not (ObjectKind.Pack or ObjectKind.Lock))
            PosixFiles.SyncDirectory(Path.GetDirectoryName(target)!);
    }

    private string PathOf(ObjectName name) => Path.Combine(_root, name.Path);

    private string PackDirectory(int first) => Path.Combine(_root, "data", first.ToString("x2"));

    // Not FileInfo.Exists, which says "no" to a directory that may not be searched as well.
    private static long? LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Runs blocking calls of the file system off the caller's thread; their errors become the store's.</summary>
    private static Task Run(string what, Action call, CancellationToken cancellationToken) =>
        Task.Run(
            () =>
            {
                try
                {
                    call();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw PosixFiles.Explain(e, what);
                }
            },
            cancellationToken
        );

    public ValueTask DisposeAsync()
    {
        _open.Dispose();
        lock (_spoolGate)
        {
            _spool?.Dispose();
            _spool = null;
        }
        return ValueTask.CompletedTask;
    }
}
