using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NectarBackup.Engine.Stores;

/// <summary>The few calls of a POSIX file system that .NET does not offer, and what its error numbers mean to a store.</summary>
internal static partial class PosixFiles
{
    private const int EPERM = 1;
    private const int EIO = 5;
    private const int EAGAIN = 11;
    private const int ENOMEM = 12;
    private const int EBUSY = 16;
    private const int EEXIST = 17;
    private const int ENFILE = 23;
    private const int EMFILE = 24;
    private const int EFBIG = 27;
    private const int ENOSPC = 28;
    private const int EROFS = 30;
    private const int EMLINK = 31;
    private const int ENOSYS = 38;
    private const int EOPNOTSUPP = 95;
    private const int ETIMEDOUT = 110;
    private const int ESTALE = 116;
    private const int EDQUOT = 122;

    private const int OpenDirectory = 0x10000 | 0x80000; // O_DIRECTORY | O_CLOEXEC, with O_RDONLY = 0

    /// <summary>
    /// Makes a file's bytes durable (fsync(2)). Not RandomAccess.FlushToDisk nor FileStream.Flush(true): .NET 10 was seen to return from them as if
    /// all were well though the call had failed with EIO.
    /// </summary>
    /// <exception cref="IOException">With the error number as HResult.</exception>
    public static void Sync(SafeFileHandle file, string path)
    {
        if (FSync(file) != 0)
            throw LastError($"cannot sync '{path}'");
    }

    /// <summary>Makes the names of a directory durable (open(2), fsync(2)).</summary>
    /// <exception cref="IOException">With the error number as HResult.</exception>
    public static void SyncDirectory(string path)
    {
        var directory = Open(path, OpenDirectory);
        if (directory < 0)
            throw LastError($"cannot open the directory '{path}'");
        var failed = FSync(directory) != 0 ? LastError($"cannot sync the directory '{path}'") : null;
        _ = Close(directory);
        // A file system that cannot sync a directory says EINVAL (22): nothing is to be had there.
        if (failed is { HResult: not 22 })
            throw failed;
    }

    /// <summary>
    /// Gives a file a second name, unless that name is taken: the one way to publish a written file without ever replacing another. False if it
    /// is taken.
    /// </summary>
    /// <exception cref="NotSupportedException">The file system has no hard links.</exception>
    public static bool TryLink(string existing, string name)
    {
        if (Link(existing, name) == 0)
            return true;
        var error = Marshal.GetLastPInvokeError();
        return error switch
        {
            EEXIST => false,
            EPERM or EMLINK or ENOSYS or EOPNOTSUPP => throw new NotSupportedException(),
            _ => throw LastError($"cannot link '{name}'"),
        };
    }

    /// <summary>What an error of the file system means to the caller of a store; <paramref name="what"/> says what was tried.</summary>
    public static StoreException Explain(Exception error, string what) =>
        error switch
        {
            StoreException known => known,
            FileNotFoundException or DirectoryNotFoundException => new StoreException(
                StoreFault.NotFound,
                $"{what}: there is no such file",
                error
            ),
            UnauthorizedAccessException => new StoreException(
                StoreFault.Permanent,
                $"{what}: permission denied for this user",
                error
            ),
            IOException { HResult: ENOSPC } => Permanent(what, "no space is left on the device", error),
            IOException { HResult: EDQUOT } => Permanent(what, "the disk quota is used up", error),
            IOException { HResult: EFBIG } => Permanent(
                what,
                "the file is larger than the file system or the process limit allows",
                error
            ),
            IOException { HResult: EROFS } => Permanent(what, "the file system is read-only", error),
            IOException { HResult: EIO } => Permanent(what, "the disk reports an input/output error", error),
            IOException { HResult: EAGAIN or ENOMEM or EBUSY or ENFILE or EMFILE or ETIMEDOUT or ESTALE } =>
                new StoreException(StoreFault.Transient, $"{what}: {error.Message}", error),
            _ => Permanent(what, error.Message, error),
        };

    private static StoreException Permanent(string what, string why, Exception error) =>
        new(StoreFault.Permanent, $"{what}: {why}", error);

    private static IOException LastError(string what)
    {
        var number = Marshal.GetLastPInvokeError();
        return new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(number)}", number);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);
}
