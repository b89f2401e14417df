using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>A regular file open for reading, with what is needed to tell whether it changed meanwhile. One thread at a time.</summary>
public sealed unsafe class LocalFile : IDisposable
{
    private readonly LocalDirectory _directory;
    private readonly byte[] _name;
    private int _descriptor;
    private FileStatus _opened;

    private LocalFile(LocalDirectory directory, byte[] name, int descriptor, in FileStatus opened)
    {
        _directory = directory;
        _name = name;
        _descriptor = descriptor;
        _opened = opened;
    }

    /// <summary>The status right after the open: of the very file that is read, whatever its name led to before.</summary>
    public ref readonly FileStatus Opened => ref _opened;

    internal int Descriptor
    {
        get
        {
            ObjectDisposedException.ThrowIf(_descriptor < 0, this);
            return _descriptor;
        }
    }

    internal static LocalFile Take(LocalDirectory directory, ReadOnlySpan<byte> name, int descriptor)
    {
        var errno = FileStatus.Read(descriptor, out var opened);
        if (errno == 0 && opened.Type == NodeType.File)
            return new LocalFile(directory, name.ToArray(), descriptor, opened);
        _ = LibC.Close(descriptor);
        throw errno != 0
            ? directory.Failure("stat", name, errno)
            : new LocalFileException(
                "open",
                directory.PathOf(name),
                LocalFileError.Replaced,
                "no longer a regular file"
            );
    }

    /// <summary>Fills the buffer from <paramref name="offset"/>; fewer bytes only at the end of the file.</summary>
    /// <exception cref="LocalFileException">The read failed.</exception>
    public int Read(Span<byte> buffer, long offset)
    {
        var done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                var count = LibC.ReadAt(Descriptor, start + done, buffer.Length - done, offset + done);
                if (count == 0)
                    break;
                if (count > 0)
                    done += (int)count;
                else if (LibC.LastError != Errno.Interrupted)
                    throw _directory.Failure("read", _name, LibC.LastError);
            }
        }
        return done;
    }

    /// <summary>
    /// The next stretch of data at or after <paramref name="offset"/>; what lies before it is a hole that reads as zeros. False if only a hole, or
    /// nothing, follows. A file system that knows no holes reports one stretch up to the end (lseek(2): SEEK_DATA).
    /// </summary>
    /// <exception cref="LocalFileException">The call failed.</exception>
    public bool NextExtent(long offset, out long start, out long end)
    {
        start = LibC.Seek(Descriptor, offset, LibC.SeekData);
        end = start;
        if (start < 0)
            return LibC.LastError switch
            {
                Errno.NoDevice => false,
                Errno.Invalid or Errno.NotSupported => WholeRest(offset, out start, out end),
                var errno => throw _directory.Failure("seek in", _name, errno),
            };
        end = LibC.Seek(Descriptor, start, LibC.SeekHole);
        // The file may have been cut since: then nothing follows.
        return end > start
            || (
                end < 0 && LibC.LastError != Errno.NoDevice
                    ? throw _directory.Failure("seek in", _name, LibC.LastError)
                    : false
            );
    }

    private bool WholeRest(long offset, out long start, out long end)
    {
        start = offset;
        end = GetStatus().Size;
        return start < end;
    }

    /// <summary>The status now.</summary>
    public FileStatus GetStatus()
    {
        var errno = FileStatus.Read(Descriptor, out var status);
        return errno == 0 ? status : throw _directory.Failure("stat", _name, errno);
    }

    /// <summary>Size, modification or change time is another than at the open: what was read may be a mixture.</summary>
    public bool HasChanged(out FileStatus now)
    {
        now = GetStatus();
        return now.Size != _opened.Size || now.ModifyTime != _opened.ModifyTime || now.ChangeTime != _opened.ChangeTime;
    }

    /// <summary>Tells the kernel that the file will be read once from start to end (posix_fadvise SEQUENTIAL); worth it for large files.</summary>
    public void WillReadOnce() => _ = LibC.Advise(Descriptor, 0, 0, 2);

    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
    }
}
