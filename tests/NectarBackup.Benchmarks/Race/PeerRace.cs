using System.Globalization;

namespace NectarBackup.Benchmarks.Race;

/// <summary>
/// Runs stock restic and nectar in turn on the same data, operation by operation, and prints the medians and their ratios. Both work on a directory on the
/// same disk, with a warm page cache and their default compression.
/// </summary>
internal static class PeerRace
{
    private sealed record Tool(string Name, string Program, string Repository);

    private static readonly string[] s_operations =
    [
        "first backup",
        "unchanged",
        "1 % changed",
        "restore",
        "check, all data",
    ];

    /// <summary>Options: --nectar PATH --restic PATH --corpora mixed,many,random,image --scale 1 --runs 3 --dir DIRECTORY.</summary>
    public static int Run(string[] args)
    {
        string Option(string name, string value) =>
            Array.IndexOf(args, $"--{name}") is var at and >= 0 ? args[at + 1] : value;
        var directory = Path.GetFullPath(Option("dir", Path.Combine(Path.GetTempPath(), "nectar-race")));
        var scale = double.Parse(Option("scale", "1"), CultureInfo.InvariantCulture);
        var runs = int.Parse(Option("runs", "3"), CultureInfo.InvariantCulture);
        Directory.CreateDirectory(directory);
        File.WriteAllText(Path.Combine(directory, "password"), "race");
        Tool[] tools =
        [
            new("nectar", Option("nectar", "nectar"), Path.Combine(directory, "repo-nectar")),
            new("restic", Option("restic", "restic"), Path.Combine(directory, "repo-restic")),
        ];
        Console.WriteLine(
            $"{Environment.ProcessorCount} processors, {runs} runs each, medians; wall s / CPU s / peak MiB"
        );
        Console.WriteLine(
            $"{"corpus", -8} {"operation", -16} {"nectar", -24} {"restic", -24} {"wall", 6} {"CPU", 6} {"peak", 6}"
        );
        foreach (var name in Option("corpora", "random,image,mixed,many").Split(','))
            RaceOn(Corpus.Make(directory, name, scale), tools, runs, directory);
        return 0;
    }

    private static void RaceOn(Corpus corpus, Tool[] tools, int runs, string directory)
    {
        var costs = new Dictionary<(string Operation, string Tool), List<Cost>>();
        var sizes = new Dictionary<string, long>();
        for (var round = 0; round < runs; round++)
        {
            foreach (var tool in tools)
            {
                Delete(tool.Repository);
                Invoke(tool, directory, "init");
            }
            foreach (var operation in s_operations)
            {
                if (operation == "1 % changed")
                    corpus.ChangeOnePercent(round);
                // Who goes first alternates.
                foreach (var tool in round % 2 == 0 ? tools : tools.Reverse())
                {
                    var target = Path.Combine(directory, "restored");
                    Delete(target);
                    var cost = operation switch
                    {
                        "restore" => Invoke(tool, directory, "restore", "latest", "--target", target),
                        "check, all data" => Invoke(tool, directory, "check", "--read-data"),
                        _ => Invoke(tool, directory, "backup", corpus.Directory),
                    };
                    if (!costs.TryGetValue((operation, tool.Name), out var list))
                        costs.Add((operation, tool.Name), list = []);
                    list.Add(cost);
                    if (operation == "first backup")
                        sizes[tool.Name] = SizeOf(tool.Repository);
                }
            }
        }
        foreach (var operation in s_operations)
        {
            var ours = Median(costs[(operation, "nectar")]);
            var theirs = Median(costs[(operation, "restic")]);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{corpus.Name, -8} {operation, -16} {Show(ours), -24} {Show(theirs), -24} {ours.Wall / theirs.Wall, 6:f2} {ours.Cpu / theirs.Cpu, 6:f2} {ours.PeakMiB / theirs.PeakMiB, 6:f2}"
                )
            );
        }
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{corpus.Name, -8} {"repository MiB", -16} {sizes["nectar"] >> 20, -24} {sizes["restic"] >> 20, -24} {(double)sizes["nectar"] / sizes["restic"], 6:f3}"
            )
        );
        foreach (var tool in tools)
            Delete(tool.Repository);
        Delete(Path.Combine(directory, "restored"));
    }

    private static Cost Invoke(Tool tool, string directory, params string[] arguments) =>
        ChildProcess.Run(
            tool.Program,
            ["-q", "-r", tool.Repository, "--password-file", Path.Combine(directory, "password"), .. arguments],
            ("RESTIC_CACHE_DIR", tool.Repository + ".cache"),
            ("NECTAR_CACHE_DIR", tool.Repository + ".cache")
        );

    private static Cost Median(List<Cost> costs)
    {
        double Middle(Func<Cost, double> of) => costs.Select(of).Order().ElementAt(costs.Count / 2);
        return new Cost(Middle(c => c.Wall), Middle(c => c.Cpu), Middle(c => c.PeakMiB));
    }

    private static string Show(Cost cost) =>
        string.Create(CultureInfo.InvariantCulture, $"{cost.Wall:f2} / {cost.Cpu:f2} / {cost.PeakMiB:f0}");

    private static long SizeOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    private static void Delete(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        if (Directory.Exists(directory + ".cache"))
            Directory.Delete(directory + ".cache", recursive: true);
    }
}
