using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NectarBackup.Benchmarks.Race;

/// <summary>What one run of a program cost.</summary>
/// <param name="Wall">Seconds from start to end.</param>
/// <param name="Cpu">Seconds of all its threads, user and system.</param>
/// <param name="PeakMiB">Largest resident set.</param>
internal sealed record Cost(double Wall, double Cpu, double PeakMiB);

/// <summary>Runs a program to its end and takes the kernel's own account of it (wait4).</summary>
internal static partial class ChildProcess
{
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawnp(
        out int pid,
        string file,
        nint actions,
        nint attributes,
        string?[] arguments,
        string?[] environment
    );

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(nint actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int posix_spawn_file_actions_addopen(nint actions, int fd, string path, int flags, int mode);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(nint actions);

    [LibraryImport("libc")]
    private static partial int wait4(int pid, out int status, int options, nint usage);

    public static unsafe Cost Run(
        string program,
        IEnumerable<string> arguments,
        params (string Name, string Value)[] variables
    )
    {
        const int openFlags = 0x1 | 0x40 | 0x400; // O_WRONLY | O_CREAT | O_APPEND
        var log = Path.Combine(Path.GetTempPath(), "nectar-race.log");
        var actions = (nint)NativeMemory.AllocZeroed(512);
        var usage = stackalloc long[18]; // struct rusage: two timevals, then ru_maxrss in KiB
        try
        {
            _ = posix_spawn_file_actions_init(actions);
            _ = posix_spawn_file_actions_addopen(actions, 1, log, openFlags, 0x180);
            _ = posix_spawn_file_actions_addopen(actions, 2, log, openFlags, 0x180);
            var environment = Environment.GetEnvironmentVariables();
            foreach (var (name, value) in variables)
                environment[name] = value;
            string?[] pairs = [.. environment.Keys.Cast<string>().Select(key => $"{key}={environment[key]}"), null];
            var clock = Stopwatch.StartNew();
            var error = posix_spawnp(out var pid, program, actions, 0, [program, .. arguments, null], pairs);
            if (error != 0)
                throw new InvalidOperationException($"{program} cannot be started: error {error}");
            _ = wait4(pid, out var status, 0, (nint)usage);
            var wall = clock.Elapsed.TotalSeconds;
            if (status != 0)
                throw new InvalidOperationException(
                    $"{program} {string.Join(' ', arguments)}: status {status}, see {log}"
                );
            return new Cost(wall, usage[0] + usage[2] + (usage[1] + usage[3]) / 1e6, usage[4] / 1024.0);
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
            NativeMemory.Free((void*)actions);
        }
    }
}
