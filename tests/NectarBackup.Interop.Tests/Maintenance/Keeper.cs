using NectarBackup.Engine.Locks;

namespace NectarBackup.Interop.Tests.Maintenance;

/// <summary>The test's own process as the holder of a lock.</summary>
internal sealed class Keeper : ILockIdentity
{
    public string HostName => Environment.MachineName;
    public string UserName => "tests";
    public uint UserId => 0;
    public uint GroupId => 0;
    public int ProcessId => Environment.ProcessId;
    public LockHolder? Holder => null;

    public bool IsRunning(int processId) => true;

    public bool IsGone(LockHolder holder, int processId) => false;
}
