using System.Runtime.InteropServices;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Locks;

namespace NectarBackup.Standalone.Opening;

/// <summary>
/// This process as the holder of locks. A process is told from all others by the kernel's boot id, its process namespace, its number and when it
/// started: numbers are used again, and mean different processes in different containers.
/// </summary>
internal sealed partial class LocalLockIdentity : ILockIdentity
{
    private const int NoSuchProcess = 3; // ESRCH

    public static LocalLockIdentity Instance { get; } = new();

    public string HostName { get; } = Environment.MachineName;

    public string UserName { get; } = Environment.UserName;

    public uint UserId { get; } = GetUserId();

    public uint GroupId { get; } = GetGroupId();

    public int ProcessId => Environment.ProcessId;

    public LockHolder? Holder { get; } = Describe();

    public bool IsRunning(int processId) =>
        processId > 0 && (Kill(processId, 0) == 0 || Marshal.GetLastPInvokeError() != NoSuchProcess);

    /// <summary>Another boot may be another machine: nothing is known about its processes.</summary>
    public bool IsGone(LockHolder holder, int processId)
    {
        if (Holder is not { } self || holder.Boot != self.Boot || holder.Namespace != self.Namespace)
            return false;
        return !IsRunning(processId)
            || ProcessIdentity.TryGetStartTicks(processId, out var start) && (long)start != holder.Start;
    }

    private static LockHolder? Describe()
    {
        var self = ProcessIdentity.Current;
        return self.BootId.Length > 0 && self.StartTicks > 0 && ReadNamespace() is { } space
            ? new LockHolder(self.BootId, space, (long)self.StartTicks)
            : null;
    }

    private static string? ReadNamespace()
    {
        try
        {
            return new FileInfo("/proc/self/ns/pid").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetUserId();

    [LibraryImport("libc", EntryPoint = "getegid")]
    private static partial uint GetGroupId();
}
