using System.Runtime.CompilerServices;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// An open directory that a restore writes to. Names come from a repository that may be hostile, and other processes may change the tree at any time:
/// each step is one checked component below an open descriptor, and no symbolic link is ever followed, so nothing outside is touched.
/// Order: children first, then <see cref="FinishDirectory"/>. Calls from several threads are safe, but for finish and dispose.
/// </summary>
public sealed unsafe class RestoreDirectory : IDisposable
{
    private const uint OwnerAll = 0x1c0; // 0700
    private const int MaxDepthOfRemoval = 4096;

    private readonly RestoreDirectory? _parent;
    private readonly byte[] _name;
    private readonly RestoreOptions _options;
    private uint? _modeToReturn;
    private int _descriptor;

    private RestoreDirectory(RestoreDirectory? parent, byte[] name, RestoreOptions options, int descriptor, uint? mode)
    {
        _parent = parent;
        _name = name;
        _options = options;
        _descriptor = descriptor;
        _modeToReturn = mode;
    }

    /// <summary>Opens the root of a restore, which must exist; its path is the user's and may lead through symbolic links.</summary>
    /// <exception cref="LocalFileException">It cannot be opened, or is no directory.</exception>
    public static RestoreDirectory OpenRoot(ReadOnlySpan<byte> path, RestoreOptions options)
    {
        var name = path.ToArray();
        if (path.IsEmpty || path.Contains((byte)0) || path.Length > BytePath.MaxPathLength)
            throw new LocalFileException("open", name, LocalFileError.BadName, "not a path");
        var terminated = stackalloc byte[path.Length + 1];
        LibC.Terminate(path, terminated);
        var descriptor = LibC.OpenAt(LibC.AtCurrentDirectory, terminated, LibC.Directory | LibC.CloseOnExec);
        return descriptor < 0
            ? throw new LocalFileException("open", name, LibC.LastError)
            : new RestoreDirectory(null, name, options, descriptor, null);
    }

    /// <summary>
    /// Creates the directory, or enters the one that is there. A directory that shuts its owner out is opened to it until it is finished or disposed.
    /// </summary>
    /// <exception cref="LocalFileException">BadName; LinkInTheWay or Exists if something else is there and must not be replaced.</exception>
    [SkipLocalsInit]
    public RestoreDirectory EnterDirectory(ReadOnlySpan<byte> name)
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        Check(name, terminated);
        for (var attempt = 0; ; attempt++)
        {
            if (LibC.MakeDirectoryAt(Descriptor, terminated, OwnerAll) != 0 && LibC.LastError != Errno.Exists)
                throw Failure("mkdir", name, LibC.LastError);
            var descriptor = OpenDirectory(terminated, out var mode);
            if (descriptor >= 0)
                return new RestoreDirectory(this, name.ToArray(), _options, descriptor, mode);
            var errno = LibC.LastError;
            if (errno is not (Errno.SymlinkLoop or Errno.NotDirectory) || !_options.ReplaceOtherTypes || attempt > 2)
                throw errno is Errno.SymlinkLoop or Errno.NotDirectory
                    ? new LocalFileException(
                        "enter",
                        PathOf(name),
                        LocalFileError.LinkInTheWay,
                        "a symbolic link or file stands where a directory has to be"
                    )
                    : Failure("open", name, errno);
            if (LibC.UnlinkAt(Descriptor, terminated, 0) != 0 && LibC.LastError != Errno.NoEntry)
                throw Failure("unlink", name, LibC.LastError);
        }
    }

    private int OpenDirectory(byte* name, out uint? modeToReturn)
    {
        modeToReturn = null;
        var pinned = LibC.OpenBeneath(Descriptor, name, LibC.PathOnly | LibC.Directory);
        if (pinned < 0)
            return -1;
        var errno = FileStatus.Read(pinned, out var status);
        if (
            errno == 0
            && LibC.EffectiveUser != 0
            && status.UserId == LibC.EffectiveUser
            && (status.Mode & OwnerAll) != OwnerAll
        )
        {
            var path = stackalloc byte[DescriptorPath.MaxLength];
            DescriptorPath.Write(pinned, default, path);
            if (LibC.ChangeMode(path, status.Mode | OwnerAll) == 0)
                modeToReturn = status.Mode;
        }
        // "." of the pinned descriptor is the very directory that was looked at.
        var dot = stackalloc byte[2] { (byte)'.', 0 };
        var descriptor = LibC.OpenAt(pinned, dot, LibC.Directory | LibC.NoFollow | LibC.CloseOnExec);
        errno = LibC.LastError;
        _ = LibC.Close(pinned);
        System.Runtime.InteropServices.Marshal.SetLastPInvokeError(errno);
        return descriptor;
    }

    /// <summary>Creates a new, empty file in place of whatever file or link has the name; other links of an old file keep its content.</summary>
    /// <exception cref="LocalFileException">As for the others; Exists if a directory is there and must not be replaced.</exception>
    public RestoreFile CreateFile(ReadOnlySpan<byte> name)
    {
        var descriptor = -1;
        Replace(
            "create",
            name,
            terminated =>
                descriptor = LibC.OpenBeneath(
                    Descriptor,
                    (byte*)terminated,
                    LibC.ReadWrite | LibC.Create | LibC.Exclusive,
                    0x180 /* 0600 */
                )
        );
        return new RestoreFile(this, name.ToArray(), descriptor, _options);
    }

    /// <summary>Opens the regular file that is there, to repair it in place; null if there is none, or it has other hard links.</summary>
    [SkipLocalsInit]
    public RestoreFile? TryOpenFile(ReadOnlySpan<byte> name)
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        Check(name, terminated);
        var errno = FileStatus.Read(Descriptor, name, out var status);
        if (errno != 0 || status.Type != NodeType.File || status.Links != 1)
            return null;
        var descriptor = LibC.OpenBeneath(Descriptor, terminated, LibC.ReadWrite | LibC.NonBlocking);
        if (descriptor < 0)
            return null;
        if (FileStatus.Read(descriptor, out status) == 0 && status.Type == NodeType.File && status.Links == 1)
            return new RestoreFile(this, name.ToArray(), descriptor, _options);
        _ = LibC.Close(descriptor);
        return null;
    }

    /// <summary>Creates a symbolic link, a FIFO, a socket or a device with its metadata.</summary>
    /// <exception cref="LocalFileException">NotSupported for a device without leave to create it, or for another type.</exception>
    public void CreateSpecial(ReadOnlySpan<byte> name, Node node)
    {
        var type = node.Type switch
        {
            NodeType.Fifo => 0x1000u,
            NodeType.CharDevice when _options.CreateDevices => 0x2000u,
            NodeType.BlockDevice when _options.CreateDevices => 0x6000u,
            NodeType.Socket => 0xc000u,
            NodeType.Symlink => 0u,
            _ => throw Refusal("create", name, LocalFileError.NotSupported, $"{node.Type} is not to be created"),
        };
        if (node.Type == NodeType.Symlink)
        {
            if (node.LinkTarget.Span.Contains((byte)0) || node.LinkTarget.Length is 0 or > BytePath.MaxPathLength)
                throw Refusal("symlink", name, LocalFileError.BadName, "the target is no path");
            byte[] target = [.. node.LinkTarget.Span, 0];
            Replace(
                "symlink",
                name,
                terminated =>
                {
                    fixed (byte* start = target)
                        return LibC.SymlinkAt(start, Descriptor, (byte*)terminated);
                }
            );
        }
        else
        {
            var device = type is 0x2000 or 0x6000 ? node.Device : 0;
            Replace("mknod", name, terminated => LibC.MakeNodeAt(Descriptor, (byte*)terminated, type | 0x180, device));
        }
        NodeMetadataWriter.Apply(this, name, node, _options.OnMetadataProblem);
    }

    /// <summary>Creates a hard link to an entry that this restore has made before.</summary>
    /// <exception cref="LocalFileException">TooManyLinks, NotSupported or LinkInTheWay (another file system): create a file then.</exception>
    public void CreateHardLink(ReadOnlySpan<byte> name, RestoreDirectory existingIn, ReadOnlySpan<byte> existing)
    {
        var from = new byte[BytePath.MaxNameLength + 1];
        fixed (byte* start = from)
            existingIn.Check(existing, start);
        var source = existingIn.Descriptor;
        Replace(
            "link",
            name,
            terminated =>
            {
                // Without AT_SYMLINK_FOLLOW a planted symbolic link is itself linked, not what it points to.
                fixed (byte* start = from)
                    return LibC.LinkAt(source, start, Descriptor, (byte*)terminated, 0);
            }
        );
    }

    /// <summary>Sets the directory's own metadata: after its children, whose creation changes its times.</summary>
    public void FinishDirectory(Node node)
    {
        _modeToReturn = null;
        NodeMetadataWriter.Apply(this, default, Descriptor, node, _options.OnMetadataProblem);
    }

    /// <summary>The names that are there now.</summary>
    public DirectoryNames ReadNames()
    {
        _ = LibC.Seek(Descriptor, 0, 0);
        var errno = DirectoryNames.Read(Descriptor, out var names);
        return errno == 0 ? names : throw Failure("list", default, errno);
    }

    /// <summary>Removes an entry, and all below it; links are removed, never followed, and other mounts are left alone.</summary>
    /// <exception cref="LocalFileException">Something below cannot be removed; what was removed before stays so.</exception>
    public void Remove(ReadOnlySpan<byte> name) => Remove(name, MaxDepthOfRemoval);

    [SkipLocalsInit]
    private void Remove(ReadOnlySpan<byte> name, int depthLeft)
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        Check(name, terminated);
        if (LibC.UnlinkAt(Descriptor, terminated, 0) == 0 || LibC.LastError == Errno.NoEntry)
            return;
        if (LibC.LastError is not (Errno.IsDirectory or Errno.NotPermitted))
            throw Failure("unlink", name, LibC.LastError);
        if (depthLeft == 0)
            throw Refusal("remove", name, LocalFileError.Other, "nested too deep");
        var descriptor = OpenDirectory(terminated, out _);
        if (descriptor < 0)
            throw Failure("open", name, LibC.LastError);
        using (var directory = new RestoreDirectory(this, name.ToArray(), _options, descriptor, null))
        {
            if (FileStatus.Read(Descriptor, out var outer) != 0 || FileStatus.Read(descriptor, out var inner) != 0)
                throw Failure("stat", name, LibC.LastError);
            if (outer.DeviceId != inner.DeviceId || outer.MountId != inner.MountId)
                throw Refusal("remove", name, LocalFileError.LinkInTheWay, "another file system is mounted there");
            using var names = directory.ReadNames();
            for (var i = 0; i < names.Count; i++)
                directory.Remove(names[i], depthLeft - 1);
        }
        if (LibC.UnlinkAt(Descriptor, terminated, LibC.AtRemoveDirectory) != 0 && LibC.LastError != Errno.NoEntry)
            throw Failure("rmdir", name, LibC.LastError);
    }

    // Someone may put an entry back each time it is removed: a few attempts, then the error.
    [SkipLocalsInit]
    private void Replace(string operation, ReadOnlySpan<byte> name, Func<nint, int> create)
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        Check(name, terminated);
        for (var attempt = 0; ; attempt++)
        {
            if (create((nint)terminated) >= 0)
                return;
            if (LibC.LastError != Errno.Exists || attempt > 2)
                throw Failure(operation, name, LibC.LastError);
            if (LibC.UnlinkAt(Descriptor, terminated, 0) == 0 || LibC.LastError == Errno.NoEntry)
                continue;
            if (LibC.LastError is not (Errno.IsDirectory or Errno.NotPermitted))
                throw Failure("unlink", name, LibC.LastError);
            if (!_options.ReplaceOtherTypes)
                throw Refusal(
                    operation,
                    name,
                    LocalFileError.Exists,
                    "a directory stands where something else has to be"
                );
            Remove(name);
        }
    }

    private void Check(ReadOnlySpan<byte> name, byte* terminated)
    {
        if (
            name.IsEmpty
            || name.Length > BytePath.MaxNameLength
            || name.IndexOfAny((byte)0, (byte)'/') >= 0
            || name.SequenceEqual("."u8)
            || name.SequenceEqual(".."u8)
        )
            throw Refusal("restore", name, LocalFileError.BadName, "not a name that an entry may have");
        LibC.Terminate(name, terminated);
    }

    internal int Descriptor
    {
        get
        {
            ObjectDisposedException.ThrowIf(_descriptor < 0, this);
            return _descriptor;
        }
    }

    /// <summary>The path for messages.</summary>
    public byte[] PathOf(ReadOnlySpan<byte> name)
    {
        var path = name.ToArray();
        for (var directory = this; directory is not null; directory = directory._parent)
            path = path.Length == 0 ? directory._name : BytePath.Join(directory._name, path);
        return path;
    }

    internal LocalFileException Failure(string operation, ReadOnlySpan<byte> name, int errno) =>
        new(operation, PathOf(name), errno);

    private LocalFileException Refusal(string operation, ReadOnlySpan<byte> name, LocalFileError error, string why) =>
        new(operation, PathOf(name), error, why);

    /// <summary>Closes it; a directory that was opened up to its owner and not finished gets its mode back.</summary>
    public void Dispose()
    {
        var descriptor = Interlocked.Exchange(ref _descriptor, -1);
        if (descriptor < 0)
            return;
        if (_modeToReturn is { } mode)
            _ = LibC.ChangeMode(descriptor, mode);
        _ = LibC.Close(descriptor);
    }
}
