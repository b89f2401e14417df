namespace NectarBackup.Engine.Backup;

/// <summary>Counters of a running backup, read by whoever shows them. All counts grow only.</summary>
public sealed class BackupProgress
{
    private long _filesNew,
        _filesChanged,
        _filesUnmodified,
        _directoriesNew,
        _directoriesChanged,
        _directoriesUnmodified,
        _otherEntries,
        _bytesProcessed,
        _dataBlobs,
        _treeBlobs,
        _bytesAdded,
        _bytesStored,
        _errors;

    public long FilesNew => Interlocked.Read(ref _filesNew);
    public long FilesChanged => Interlocked.Read(ref _filesChanged);
    public long FilesUnmodified => Interlocked.Read(ref _filesUnmodified);
    public long DirectoriesNew => Interlocked.Read(ref _directoriesNew);
    public long DirectoriesChanged => Interlocked.Read(ref _directoriesChanged);
    public long DirectoriesUnmodified => Interlocked.Read(ref _directoriesUnmodified);

    /// <summary>Links, devices, fifos and sockets.</summary>
    public long OtherEntries => Interlocked.Read(ref _otherEntries);

    /// <summary>Bytes of files that are done, read or known to be unchanged.</summary>
    public long BytesProcessed => Interlocked.Read(ref _bytesProcessed);
    public long DataBlobsAdded => Interlocked.Read(ref _dataBlobs);
    public long TreeBlobsAdded => Interlocked.Read(ref _treeBlobs);

    /// <summary>Bytes of new blobs before compression.</summary>
    public long BytesAdded => Interlocked.Read(ref _bytesAdded);

    /// <summary>Bytes of new blobs as they are stored.</summary>
    public long BytesStored => Interlocked.Read(ref _bytesStored);

    /// <summary>Entries that could not be read whole.</summary>
    public long Errors => Interlocked.Read(ref _errors);

    public long FilesDone => FilesNew + FilesChanged + FilesUnmodified;

    public void FileDone(bool isNew, bool isUnmodified, long bytes)
    {
        Interlocked.Increment(ref isUnmodified ? ref _filesUnmodified : ref isNew ? ref _filesNew : ref _filesChanged);
        if (isUnmodified)
            Interlocked.Add(ref _bytesProcessed, bytes);
    }

    /// <summary>Bytes of content that were read from a source.</summary>
    public void BytesRead(long count) => Interlocked.Add(ref _bytesProcessed, count);

    public void DirectoryDone(bool isNew, bool isUnmodified) =>
        Interlocked.Increment(
            ref isUnmodified ? ref _directoriesUnmodified : ref isNew ? ref _directoriesNew : ref _directoriesChanged
        );

    public void OtherDone() => Interlocked.Increment(ref _otherEntries);

    public void ErrorSeen() => Interlocked.Increment(ref _errors);

    internal void AddBlob(bool isTree, long plain, long stored)
    {
        Interlocked.Increment(ref isTree ? ref _treeBlobs : ref _dataBlobs);
        Interlocked.Add(ref _bytesAdded, plain);
        Interlocked.Add(ref _bytesStored, stored);
    }
}
