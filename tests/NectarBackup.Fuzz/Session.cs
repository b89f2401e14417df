using System.Diagnostics;
using NectarBackup.Engine;

namespace NectarBackup.Fuzz;

/// <summary>A timed run of one target by hand: watches for hangs, and writes down what is found.</summary>
internal static class Session
{
    /// <summary>After so long without an end an input counts as a hang; slower ones than <see cref="Fuzzer.MaxTime"/> are told by their time.</summary>
    private static readonly TimeSpan s_hang = TimeSpan.FromSeconds(20);

    /// <returns>False if something was found.</returns>
    public static bool Run(FuzzTarget target, TimeSpan time, int seed)
    {
        if (CrashNote.Take(target.Name) is { } crashed)
            Tell(target, new Finding(crashed, "an earlier run did not survive it"));
        using var note = new CrashNote(target.Name);
        var lastStart = Stopwatch.GetTimestamp();
        byte[] last = [];
        var fuzzer = new Fuzzer(target, seed)
        {
            OnInput = input =>
            {
                note.Write(input);
                last = input;
                Volatile.Write(ref lastStart, Stopwatch.GetTimestamp());
            },
        };
        using var watch = new Timer(_ =>
        {
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref lastStart)) < s_hang)
                return;
            Tell(target, new Finding(last, $"it did not end within {s_hang.TotalSeconds} s"));
            Environment.Exit(1); // there is no way to stop a thread
        });
        watch.Change(1000, 1000);
        var start = Stopwatch.GetTimestamp();
        var finding = fuzzer.Run(_ => Stopwatch.GetElapsedTime(start) < time);
        Console.WriteLine($"{target.Name}: seed {seed}, {fuzzer.Count} inputs, {fuzzer.Accepted} accepted");
        if (finding is not null)
            Tell(target, finding);
        return finding is null;
    }

    private static void Tell(FuzzTarget target, Finding finding)
    {
        var path = Path.GetFullPath($"{target.Name}-{ObjectId.Of(finding.Input).Short}");
        File.WriteAllBytes(path, finding.Input);
        Console.WriteLine($"FOUND in {target.Name}: {finding.Why}");
        Console.WriteLine(
            $"replay: dotnet run -c Release --project tests/NectarBackup.Fuzz -- {target.Name} --input {path}"
        );
    }
}
