using System.Globalization;
using NectarBackup.Fuzz;

// Usage: TARGET|all [--seconds N] [--seed S] [--input FILE]; without a target: the list of them.
if (args.Length == 0)
{
    foreach (var target in FuzzTargets.All)
        Console.WriteLine(target.Name);
    return 0;
}
var seconds = Option("--seconds") is { } s ? int.Parse(s, CultureInfo.InvariantCulture) : 60;
var seed = Option("--seed") is { } n ? int.Parse(n, CultureInfo.InvariantCulture) : Environment.TickCount;
var targets = FuzzTargets.All.Where(t => args[0] == "all" || t.Name == args[0]).ToList();
if (targets.Count == 0)
{
    Console.Error.WriteLine($"there is no target '{args[0]}'");
    return 2;
}
if (Option("--input") is { } file)
{
    var found = Fuzzer.Try(targets[0], File.ReadAllBytes(file), out var accepted);
    Console.WriteLine(found?.Why ?? (accepted ? "accepted" : "refused, as it should be"));
    return found is null ? 0 : 1;
}
var failed = false;
foreach (var target in targets)
    failed |= !Session.Run(target, TimeSpan.FromSeconds(seconds), seed);
return failed ? 1 : 0;

string? Option(string name) =>
    Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
