using System.ComponentModel;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>What a failed call on the file system means to a backup or a restore.</summary>
public enum LocalFileError
{
    /// <summary>None of the below; the errno tells.</summary>
    Other,

    /// <summary>The entry is not there, or no longer (ENOENT, ESTALE).</summary>
    Vanished,

    /// <summary>The entry is no longer what it was when it was looked at: another type, or a symbolic link in its place.</summary>
    Replaced,

    /// <summary>Not allowed (EACCES, EPERM).</summary>
    Denied,

    /// <summary>The medium failed (EIO).</summary>
    InputOutput,

    /// <summary>No room is left: space or quota.</summary>
    NoSpace,

    /// <summary>The file system or the kernel cannot do it (ENOTSUP, ENOSYS, EROFS).</summary>
    NotSupported,

    /// <summary>A symbolic link stands where none may be followed (ELOOP), or the path leads out of its root (EXDEV).</summary>
    LinkInTheWay,

    /// <summary>A file has as many hard links as its file system allows (EMLINK).</summary>
    TooManyLinks,

    /// <summary>Something is there already (EEXIST, ENOTEMPTY), or of another type (EISDIR, ENOTDIR).</summary>
    Exists,

    /// <summary>The name is none that may be created: empty, ".", "..", with '/' or NUL, or longer than 255 bytes.</summary>
    BadName,

    /// <summary>This process has too many files open (EMFILE, ENFILE): not the fault of the entry.</summary>
    TooManyOpenFiles,
}

/// <summary>An operation on an entry of the local file system failed. The path is raw bytes; the message shows it escaped.</summary>
public sealed class LocalFileException : IOException
{
    /// <param name="operation">The system call, or what was tried in its words.</param>
    /// <param name="path">Raw bytes.</param>
    /// <param name="errno">The error number of the call.</param>
    internal LocalFileException(string operation, byte[] path, int errno)
        : base($"{operation} {BytePath.Display(path)}: {new Win32Exception(errno).Message}")
    {
        Operation = operation;
        Path = path;
        ErrorNumber = errno;
        Error = Classify(errno);
    }

    internal LocalFileException(string operation, byte[] path, LocalFileError error, string message)
        : base($"{operation} {BytePath.Display(path)}: {message}")
    {
        Operation = operation;
        Path = path;
        Error = error;
    }

    public LocalFileError Error { get; }

    /// <summary>The errno, or 0 if no system call failed.</summary>
    public int ErrorNumber { get; }

    public string Operation { get; }

    /// <summary>Raw bytes, as opened: relative if the root was.</summary>
    public ReadOnlyMemory<byte> Path { get; }

    private static LocalFileError Classify(int errno) =>
        errno switch
        {
            Errno.NoEntry or Errno.Stale => LocalFileError.Vanished,
            Errno.NotPermitted or Errno.AccessDenied => LocalFileError.Denied,
            Errno.InputOutput => LocalFileError.InputOutput,
            Errno.NoSpace or Errno.QuotaExceeded => LocalFileError.NoSpace,
            Errno.NotSupported or Errno.NotImplemented or Errno.ReadOnlyFileSystem => LocalFileError.NotSupported,
            Errno.SymlinkLoop or Errno.CrossDevice => LocalFileError.LinkInTheWay,
            Errno.TooManyLinks => LocalFileError.TooManyLinks,
            Errno.Exists or Errno.NotEmpty or Errno.IsDirectory or Errno.NotDirectory => LocalFileError.Exists,
            Errno.NameTooLong => LocalFileError.BadName,
            Errno.TooManyFiles or Errno.TooManyFiles - 1 => LocalFileError.TooManyOpenFiles,
            _ => LocalFileError.Other,
        };
}
