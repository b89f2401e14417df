namespace NectarBackup.Engine.LocalFiles;

/// <summary>The error numbers that decisions are made by (asm-generic/errno.h: the same on x86-64 and arm64).</summary>
internal static class Errno
{
    internal const int NotPermitted = 1;
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int InputOutput = 5;
    internal const int NoDevice = 6;
    internal const int TryAgain = 11;
    internal const int AccessDenied = 13;
    internal const int Exists = 17;
    internal const int CrossDevice = 18;
    internal const int NotDirectory = 20;
    internal const int IsDirectory = 21;
    internal const int Invalid = 22;
    internal const int TooManyFiles = 24;
    internal const int NoSpace = 28;
    internal const int ReadOnlyFileSystem = 30;
    internal const int TooManyLinks = 31;
    internal const int OutOfRange = 34;
    internal const int NameTooLong = 36;
    internal const int NotImplemented = 38;
    internal const int NotEmpty = 39;
    internal const int SymlinkLoop = 40;
    internal const int NoData = 61;
    internal const int NotSupported = 95;
    internal const int Stale = 116;
    internal const int QuotaExceeded = 122;
}
