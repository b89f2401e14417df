using System.Runtime.InteropServices;

namespace NectarBackup.Standalone.Backup;

/// <summary>Waits until a descriptor can be read. A read of a pipe that stays silent would block, and the user could not interrupt it.</summary>
internal static partial class Readiness
{
    public const int StandardInput = 0;

    private const short In = 1; // poll.h: POLLIN
    private const int LookEvery = 100; // milliseconds

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entries, nuint count, int timeout);

    /// <summary>Returns when a read would not block: there are bytes, the end, or an error.</summary>
    /// <exception cref="OperationCanceledException"/>
    public static void Wait(int descriptor, CancellationToken cancellationToken)
    {
        do cancellationToken.ThrowIfCancellationRequested();
        while (!IsReady(descriptor));
    }

    // An interrupted call (-1) is repeated; what else may be wrong, the read tells.
    private static bool IsReady(int descriptor)
    {
        var entry = new PollEntry { Descriptor = descriptor, Events = In };
        return Poll(ref entry, 1, LookEvery) > 0;
    }
}
