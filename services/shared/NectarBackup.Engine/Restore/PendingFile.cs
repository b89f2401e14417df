using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// A file whose chunks are written by several workers in any order. Opened by whoever needs it first; finished by whoever lets go of it last.
/// </summary>
internal sealed class PendingFile
{
    private readonly RestoreRun _run;
    private readonly Folder _folder;
    private readonly Node _node;
    private readonly LinkSource? _links;
    private readonly List<Chunk>? _chunks;
    private RestoreFile? _handle;
    private int _left = 1;
    private int _hasFailed;
    private volatile bool _isWritten;

    private readonly record struct Chunk(ObjectId Id, long End);

    public PendingFile(RestoreRun run, Folder folder, Node node, bool mayExist, LinkSource? links)
    {
        (_run, _folder, _node, MayExist, _links) = (run, folder, node, mayExist, links);
        _chunks = run.Plan.Verify ? [] : null;
        folder.Hold();
    }

    /// <summary>Something of this name was in the target; once it is open: its content may be the right one.</summary>
    public bool MayExist { get; private set; }

    /// <summary>Bytes of the chunks so far; in the end of the file.</summary>
    public long Length { get; private set; }

    /// <summary>The walk found one more chunk.</summary>
    /// <param name="id">Of the blob.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="isPending">A worker will have to call <see cref="Done"/> for it.</param>
    public void Add(ObjectId id, uint length, bool isPending)
    {
        Length += length;
        _chunks?.Add(new Chunk(id, Length));
        if (isPending)
            Interlocked.Increment(ref _left);
    }

    /// <summary>The open file. Several threads may write to it at once.</summary>
    /// <exception cref="LocalFileException">It cannot be created.</exception>
    public RestoreFile Open()
    {
        if (Volatile.Read(ref _handle) is { } open)
            return open;
        lock (_node)
        {
            if (_handle is not null)
                return _handle;
            var handle = MayExist ? _folder.Handle.TryOpenFile(_node.Name.Span) : null;
            if (handle is null)
            {
                handle = _folder.Handle.CreateFile(_node.Name.Span);
                IsUpdate = MayExist;
                MayExist = false;
            }
            Volatile.Write(ref _handle, handle);
            return handle;
        }
    }

    /// <summary>Something of another content was there.</summary>
    private bool IsUpdate { get; set; }

    /// <summary>Writes a chunk, or leaves a hole if that is wanted and it is zeros.</summary>
    public void Write(ReadOnlySpan<byte> content, long at)
    {
        var handle = Open();
        if (_run.Plan.Sparse)
            SparseWriter.Write(handle, content, at, isFresh: !MayExist);
        else
            handle.Write(content, at);
        _isWritten = true;
        _run.Plan.Progress.Written(content.Length);
    }

    /// <summary>Names the file as one that is not whole; the first cause counts. The rest of it is restored nevertheless.</summary>
    public void Fail(string during, Exception cause)
    {
        if (Interlocked.Exchange(ref _hasFailed, 1) == 0)
            _run.Fault(_folder.PathOf(_node.Name.Span), during, cause);
    }

    /// <summary>One chunk, or the walk, is done with the file; the last one finishes it.</summary>
    public void Done()
    {
        if (Interlocked.Decrement(ref _left) != 0)
            return;
        try
        {
            if (!_run.IsStopped)
                Finish();
        }
        catch (LocalFileException e)
        {
            Fail("write", e);
            _run.StopIfHopeless(e);
        }
        finally
        {
            _handle?.Dispose();
            _links?.Settle(_run, _hasFailed == 0);
            _run.Nodes.Return(_node);
            _folder.Release();
        }
    }

    private void Finish()
    {
        var handle = Open();
        var wasOther = _isWritten;
        if (MayExist || _run.Plan.Sparse)
        {
            var length = handle.GetStatus().Size;
            wasOther |= length != Length;
            if (length != Length)
                handle.SetLength(Length);
        }
        if (_hasFailed == 0)
            Verify(handle);
        // A file that is not whole keeps the time of now, so that no later run takes it for the one in the snapshot.
        if (_hasFailed != 0)
            return;
        handle.Finish(_node);
        _run.Plan.Progress.FileDone();
        _run.Tell(
            _folder,
            _node.Name.Span,
            !MayExist && !IsUpdate ? RestoreAction.Restored
                : wasOther ? RestoreAction.Updated
                : RestoreAction.Unchanged
        );
    }

    private void Verify(RestoreFile handle)
    {
        if (_chunks is null)
            return;
        long at = 0;
        foreach (var chunk in _chunks)
        {
            if (!handle.Holds(chunk.Id, at, (int)(chunk.End - at)))
            {
                Fail(
                    "verify",
                    RepositoryException.Damaged("the restored file", $"it is not as in the snapshot at {at}")
                );
                return;
            }
            at = chunk.End;
        }
    }
}
