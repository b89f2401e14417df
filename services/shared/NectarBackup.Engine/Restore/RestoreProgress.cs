namespace NectarBackup.Engine.Restore;

/// <summary>What a restore has done so far; may be read at any time by any thread.</summary>
public sealed class RestoreProgress
{
    private long _files,
        _directories,
        _others,
        _skipped,
        _deleted,
        _bytesWritten,
        _bytesKept,
        _totalFiles,
        _totalBytes,
        _faults;

    /// <summary>Files whose content and metadata are restored, links to restored files included.</summary>
    public long Files => Volatile.Read(ref _files);

    public long Directories => Volatile.Read(ref _directories);

    /// <summary>Symbolic links, devices, FIFOs and sockets.</summary>
    public long Others => Volatile.Read(ref _others);

    /// <summary>Files that the policy let be.</summary>
    public long Skipped => Volatile.Read(ref _skipped);

    /// <summary>Entries that were deleted, without what lay below them.</summary>
    public long Deleted => Volatile.Read(ref _deleted);

    /// <summary>Bytes of content that were written, or left out as holes.</summary>
    public long BytesWritten => Volatile.Read(ref _bytesWritten);

    /// <summary>Bytes of content that were in the target already.</summary>
    public long BytesKept => Volatile.Read(ref _bytesKept);

    /// <summary>Files found in the snapshot so far.</summary>
    public long TotalFiles => Volatile.Read(ref _totalFiles);

    /// <summary>Bytes of their content.</summary>
    public long TotalBytes => Volatile.Read(ref _totalBytes);

    /// <summary>Entries that could not be restored whole.</summary>
    public long Faults => Volatile.Read(ref _faults);

    internal void FileDone() => Interlocked.Increment(ref _files);

    internal void DirectoryDone() => Interlocked.Increment(ref _directories);

    internal void OtherDone() => Interlocked.Increment(ref _others);

    internal void FileSkipped() => Interlocked.Increment(ref _skipped);

    internal void EntryDeleted() => Interlocked.Increment(ref _deleted);

    internal void Written(long bytes) => Interlocked.Add(ref _bytesWritten, bytes);

    internal void Kept(long bytes) => Interlocked.Add(ref _bytesKept, bytes);

    internal void FileFound(long bytes)
    {
        Interlocked.Increment(ref _totalFiles);
        Interlocked.Add(ref _totalBytes, bytes);
    }

    internal void FaultSeen() => Interlocked.Increment(ref _faults);
}
