using System.Globalization;
using System.Text;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Which process of which boot of which host: what a lock says of its holder, so that a later process on the same host can tell whether the holder
/// is dead. A process number alone does not: numbers are used again.
/// </summary>
/// <param name="HostName">As <c>uname -n</c>.</param>
/// <param name="ProcessId">Within its PID namespace: containers number their own.</param>
/// <param name="BootId">A UUID that the kernel draws at each boot; empty if unknown.</param>
/// <param name="StartTicks">Clock ticks from boot to the start of the process; 0 if unknown.</param>
public sealed record ProcessIdentity(string HostName, int ProcessId, string BootId, ulong StartTicks)
{
    // proc(5), /proc/pid/stat: field 22 is starttime; the fields after the command's closing parenthesis begin with number 3.
    private const int StartTimeField = 22;
    private const int FirstFieldAfterCommand = 3;

    /// <summary>This very process.</summary>
    public static ProcessIdentity Current { get; } =
        new(
            Environment.MachineName,
            Environment.ProcessId,
            ReadBootId(),
            TryGetStartTicks(Environment.ProcessId, out var ticks) ? ticks : 0
        );

    /// <summary>
    /// True only if the process surely runs no more: it was of this host, and the host has booted since, or no process has its number, or another one
    /// has. A process of another host, or one hidden by another PID namespace of the same host and boot, cannot be judged by its number: callers that
    /// share a host name among containers must not ask.
    /// </summary>
    public bool IsSurelyDead()
    {
        if (HostName != Current.HostName)
            return false;
        if (BootId.Length > 0 && Current.BootId.Length > 0 && BootId != Current.BootId)
            return true;
        if (!TryGetStartTicks(ProcessId, out var ticks))
            return !Directory.Exists(FormattableString.Invariant($"/proc/{ProcessId}"))
                && Directory.Exists("/proc/self");
        return StartTicks != 0 && ticks != StartTicks;
    }

    /// <summary>A process with this number runs on this host (and is no zombie's number used again, which nobody can tell).</summary>
    public static bool IsAlive(int processId) => TryGetStartTicks(processId, out _);

    /// <summary>Clock ticks from boot to the start of a process; false if there is no such process.</summary>
    public static bool TryGetStartTicks(int processId, out ulong ticks)
    {
        ticks = 0;
        if (processId <= 0)
            return false;
        string text;
        try
        {
            text = File.ReadAllText(FormattableString.Invariant($"/proc/{processId}/stat"), Encoding.Latin1);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        // The command, in parentheses, may itself hold spaces and parentheses.
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var index = StartTimeField - FirstFieldAfterCommand;
        return fields.Length > index
            && ulong.TryParse(fields[index], NumberStyles.None, CultureInfo.InvariantCulture, out ticks);
    }

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
