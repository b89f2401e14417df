using System.Text.RegularExpressions;

namespace NectarBackup.Interop.Tests.Programs;

/// <summary>
/// nectar, or a restic of some version: both are given the same words. NECTAR_PROGRAM names another nectar than the one that is built with the tests;
/// restics are the one of PATH and all in NECTAR_PEERS/bin, where tests/install-servers puts them.
/// </summary>
internal sealed partial record BackupProgram(string Name, string File)
{
    public static BackupProgram Nectar { get; } =
        new(
            "nectar",
            Environment.GetEnvironmentVariable("NECTAR_PROGRAM") ?? Path.Combine(AppContext.BaseDirectory, "nectar")
        );

    public static IReadOnlyList<BackupProgram> Restics { get; } = [.. FindRestics()];

    /// <summary>The newest restic there is: for tests of which one is enough.</summary>
    public static BackupProgram NewestRestic => Restics[^1];

    public static BackupProgram Find(string name) => name == Nectar.Name ? Nectar : Restics.First(r => r.Name == name);

    /// <summary>restic's version, as 18 of 0.18.0.</summary>
    public int MinorVersion => int.Parse(Name.Split('.')[1]);

    public override string ToString() => Name;

    private static List<BackupProgram> FindRestics()
    {
        var peers =
            Environment.GetEnvironmentVariable("NECTAR_PEERS")
            ?? Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
                ".cache/nectarbackup/peers"
            );
        var files = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Select(directory => Path.Combine(directory, "restic"))
            .Where(System.IO.File.Exists)
            .Take(1);
        if (Directory.Exists(Path.Combine(peers, "bin")))
            files = files.Concat(Directory.EnumerateFiles(Path.Combine(peers, "bin"), "restic-*"));
        var found = files
            .Select(file => new BackupProgram($"restic {VersionOf(file)}", file))
            .DistinctBy(p => p.Name)
            .OrderBy(p => p.MinorVersion)
            .ToList();
        return found.Count > 0
            ? found
            : throw new InvalidOperationException("There is no restic: run tests/install-servers.");
    }

    private static string VersionOf(string file) =>
        Version().Match(ProgramRun.Start(file, ["version"]).Wait().Output) is { Success: true } match
            ? match.Groups[1].Value
            : throw new InvalidOperationException($"{file} does not tell its version.");

    [GeneratedRegex(@"^restic (\d+\.\d+\.\d+)")]
    private static partial Regex Version();
}
