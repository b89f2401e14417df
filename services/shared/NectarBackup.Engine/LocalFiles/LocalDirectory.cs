using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// An open directory that a backup reads from. All is done relative to its descriptor, one component at a time: a path may be longer than the
/// kernel takes in one call, and a rename or a link planted meanwhile cannot lead elsewhere. One thread at a time, except for status and open.
/// </summary>
public sealed unsafe class LocalDirectory : IDisposable
{
    private readonly LocalDirectory? _parent;
    private readonly byte[] _name;
    private int _descriptor;

    private LocalDirectory(LocalDirectory? parent, byte[] name, int descriptor)
    {
        _parent = parent;
        _name = name;
        _descriptor = descriptor;
    }

    /// <summary>Opens a directory that the user named: its path may lead through symbolic links, and be one.</summary>
    /// <exception cref="LocalFileException">It cannot be opened, is no directory, or the path has more than 4095 bytes.</exception>
    public static LocalDirectory OpenRoot(ReadOnlySpan<byte> path)
    {
        var name = path.ToArray();
        if (path.IsEmpty || path.Contains((byte)0))
            throw new LocalFileException("open", name, Errno.Invalid);
        if (path.Length > BytePath.MaxPathLength)
            throw new LocalFileException("open", name, Errno.NameTooLong);
        var terminated = stackalloc byte[path.Length + 1];
        LibC.Terminate(path, terminated);
        var descriptor = OpenQuietly(LibC.AtCurrentDirectory, terminated, LibC.Directory);
        return descriptor < 0
            ? throw new LocalFileException("open", name, LibC.LastError)
            : new LocalDirectory(null, name, descriptor);
    }

    /// <summary>Opens a directory below this one.</summary>
    /// <exception cref="LocalFileException">As for any open; Replaced if it is a symbolic link or no directory (any more).</exception>
    public LocalDirectory OpenDirectory(ReadOnlySpan<byte> name)
    {
        var descriptor = OpenBelow(name, LibC.Directory | LibC.NoFollow);
        if (descriptor >= 0)
            return new LocalDirectory(this, name.ToArray(), descriptor);
        throw LibC.LastError is Errno.SymlinkLoop or Errno.NotDirectory
            ? new LocalFileException("open", PathOf(name), LocalFileError.Replaced, "no longer a directory")
            : Failure("open", name, LibC.LastError);
    }

    /// <summary>Reads all names. May be called again: it starts over.</summary>
    /// <exception cref="LocalFileException">The directory cannot be read, or has more than 2 GiB of names.</exception>
    public DirectoryNames ReadNames()
    {
        if (LibC.Seek(Descriptor, 0, 0) < 0)
            throw Failure("seek in", default, LibC.LastError);
        var errno = DirectoryNames.Read(Descriptor, out var names);
        return errno == 0 ? names : throw Failure("list", default, errno);
    }

    /// <summary>The status of the directory itself.</summary>
    public FileStatus GetStatus()
    {
        var errno = FileStatus.Read(Descriptor, out var status);
        return errno == 0 ? status : throw Failure("stat", default, errno);
    }

    /// <summary>The status of an entry; a symbolic link is not followed.</summary>
    /// <exception cref="LocalFileException">Vanished if it is not there.</exception>
    public FileStatus GetStatus(ReadOnlySpan<byte> name)
    {
        CheckName(name);
        var errno = FileStatus.Read(Descriptor, name, out var status);
        return errno == 0 ? status : throw Failure("stat", name, errno);
    }

    /// <summary>As <see cref="GetStatus(ReadOnlySpan{byte})"/>; false if there is no such entry.</summary>
    public bool TryGetStatus(ReadOnlySpan<byte> name, out FileStatus status)
    {
        CheckName(name);
        var errno = FileStatus.Read(Descriptor, name, out status);
        return errno switch
        {
            0 => true,
            Errno.NoEntry => false,
            _ => throw Failure("stat", name, errno),
        };
    }

    /// <summary>Opens a regular file for reading.</summary>
    /// <param name="name">A component.</param>
    /// <param name="seen">Its status as seen before: opening another type could block, or act on a device.</param>
    /// <exception cref="LocalFileException">Replaced if it is no regular file (any more).</exception>
    public LocalFile OpenFile(ReadOnlySpan<byte> name, in FileStatus seen)
    {
        if (seen.Type != Trees.NodeType.File)
            throw new LocalFileException("open", PathOf(name), LocalFileError.Replaced, "not a regular file");
        // A FIFO put in the file's place meanwhile must not block the open.
        var descriptor = OpenBelow(name, LibC.NoFollow | LibC.NonBlocking, seen.UserId);
        if (descriptor >= 0)
            return LocalFile.Take(this, name, descriptor);
        throw LibC.LastError is Errno.SymlinkLoop or Errno.NoDevice
            ? new LocalFileException("open", PathOf(name), LocalFileError.Replaced, "no longer a regular file")
            : Failure("open", name, LibC.LastError);
    }

    /// <summary>The path for messages and for exclude rules: the root's as given, then the components.</summary>
    public byte[] PathOf(ReadOnlySpan<byte> name)
    {
        var path = name.ToArray();
        for (var directory = this; directory is not null; directory = directory._parent)
            path = path.Length == 0 ? directory._name : BytePath.Join(directory._name, path);
        return path;
    }

    internal int Descriptor
    {
        get
        {
            ObjectDisposedException.ThrowIf(_descriptor < 0, this);
            return _descriptor;
        }
    }

    internal LocalFileException Failure(string operation, ReadOnlySpan<byte> name, int errno) =>
        new(operation, PathOf(name), errno);

    [SkipLocalsInit]
    private int OpenBelow(ReadOnlySpan<byte> name, int flags, uint owner = uint.MaxValue)
    {
        CheckName(name);
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        LibC.Terminate(name, terminated);
        return OpenQuietly(Descriptor, terminated, flags, owner);
    }

    // Reading leaves no access time behind if the kernel lets us: it does for the owner and for root.
    private static int OpenQuietly(int directory, byte* name, int flags, uint owner = uint.MaxValue)
    {
        flags |= LibC.ReadOnly | LibC.CloseOnExec;
        if (LibC.EffectiveUser == 0 || owner == uint.MaxValue || owner == LibC.EffectiveUser)
        {
            var descriptor = LibC.OpenAt(directory, name, flags | LibC.NoAccessTime);
            if (descriptor >= 0 || LibC.LastError != Errno.NotPermitted)
                return descriptor;
        }
        return LibC.OpenAt(directory, name, flags);
    }

    private void CheckName(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty || name.Length > BytePath.MaxNameLength || name.IndexOfAny((byte)0, (byte)'/') >= 0)
            throw new LocalFileException("open", PathOf(name), LocalFileError.BadName, "not a component of a path");
    }

    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor >= 0)
            _ = LibC.Close(descriptor);
    }
}
