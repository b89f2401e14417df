using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>A regular file that a restore writes. Writes at different places may come from several threads; finish it once, then dispose it.</summary>
public sealed unsafe class RestoreFile : IDisposable
{
    private readonly RestoreDirectory _directory;
    private readonly byte[] _name;
    private readonly RestoreOptions _options;
    private int _descriptor;

    internal RestoreFile(RestoreDirectory directory, byte[] name, int descriptor, RestoreOptions options)
    {
        _directory = directory;
        _name = name;
        _descriptor = descriptor;
        _options = options;
    }

    private int Descriptor
    {
        get
        {
            ObjectDisposedException.ThrowIf(_descriptor < 0, this);
            return _descriptor;
        }
    }

    /// <summary>Writes all of the buffer at <paramref name="offset"/>.</summary>
    /// <exception cref="LocalFileException">NoSpace, or another error of the write.</exception>
    public void Write(ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            for (var done = 0; done < buffer.Length; )
            {
                var count = LibC.WriteAt(Descriptor, start + done, buffer.Length - done, offset + done);
                if (count >= 0)
                    done += (int)count;
                else if (LibC.LastError != Errno.Interrupted)
                    throw Failure("write");
            }
        }
    }

    /// <summary>Fills the buffer from what is there; fewer bytes only at the end of the file.</summary>
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
                    throw Failure("read");
            }
        }
        return done;
    }

    /// <summary>The size becomes <paramref name="length"/>; what is added reads as zeros and takes no space.</summary>
    public void SetLength(long length)
    {
        if (LibC.Truncate(Descriptor, length) != 0)
            throw Failure("truncate");
    }

    /// <summary>Makes a stretch read as zeros without taking space; false if the file system cannot, and zeros have to be written.</summary>
    public bool TryPunchHole(long offset, long length)
    {
        if (LibC.Allocate(Descriptor, LibC.PunchHole | LibC.KeepSize, offset, length) == 0)
            return true;
        return LibC.LastError is Errno.NotSupported or Errno.NotImplemented ? false : throw Failure("punch a hole in");
    }

    /// <summary>The status now.</summary>
    public FileStatus GetStatus()
    {
        var errno = FileStatus.Read(Descriptor, out var status);
        return errno == 0 ? status : throw _directory.Failure("stat", _name, errno);
    }

    /// <summary>Sets the metadata after the last write.</summary>
    public void Finish(Node node) =>
        NodeMetadataWriter.Apply(_directory, _name, Descriptor, node, _options.OnMetadataProblem);

    /// <summary>Waits until the content is on the disk.</summary>
    public void Synchronize()
    {
        if (LibC.Synchronize(Descriptor) != 0)
            throw Failure("sync");
    }

    private LocalFileException Failure(string operation) => _directory.Failure(operation, _name, LibC.LastError);

    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
    }
}
