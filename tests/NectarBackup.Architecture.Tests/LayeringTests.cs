namespace NectarBackup.Architecture.Tests;

public sealed class LayeringTests
{
    /// <summary>What each project may refer to; a project that is not listed may refer to nothing of ours.</summary>
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["NectarBackup.Engine"] = [],
        ["NectarBackup.Stores.S3"] = ["NectarBackup.Engine"],
        ["NectarBackup.Standalone"] = ["NectarBackup.Engine", "NectarBackup.Stores.S3"],
    };

    /// <summary>Frameworks that the libraries of formats and protocols must be free of.</summary>
    private static readonly string[] s_foreign =
    [
        "AWSSDK",
        "MassTransit",
        "Microsoft.AspNetCore",
        "Microsoft.EntityFrameworkCore",
        "Grpc",
    ];

    public static TheoryData<string> Shipped =>
        [.. Solution.Projects.Where(project => !project.Value.Contains("/tests/")).Select(project => project.Key)];

    [Theory, MemberData(nameof(Shipped))]
    public void A_project_refers_only_to_what_its_layer_allows(string project)
    {
        var allowed = s_allowed.GetValueOrDefault(project, []);
        Assert.Empty(Solution.ReferencesOf(project).Except(allowed));
    }

    [Fact]
    public void The_engine_knows_no_framework_and_no_network()
    {
        Assert.DoesNotContain(
            Solution.PackagesOf("NectarBackup.Engine"),
            package => s_foreign.Any(foreign => package.StartsWith(foreign, StringComparison.Ordinal))
        );
        Assert.DoesNotContain(
            Solution.SourcesOf("NectarBackup.Engine"),
            path => File.ReadAllText(path).Contains("System.Net.", StringComparison.Ordinal)
        );
    }

    [Theory, MemberData(nameof(Shipped))]
    public void A_program_starts_in_at_most_40_lines(string project) =>
        Assert.All(
            Solution.SourcesOf(project).Where(path => Path.GetFileName(path) == "Program.cs"),
            path => Assert.InRange(File.ReadAllLines(path).Length, 1, 40)
        );

    [Theory, MemberData(nameof(Shipped))]
    public void No_file_is_longer_than_400_lines(string project) =>
        Assert.All(Solution.SourcesOf(project), path => Assert.InRange(File.ReadAllLines(path).Length, 1, 400));

    [Theory, MemberData(nameof(Shipped))]
    public void No_type_is_named_for_what_everything_does(string project) =>
        Assert.DoesNotContain(
            Solution.SourcesOf(project).Select(path => Path.GetFileNameWithoutExtension(path)!),
            name => new[] { "Manager", "Helper", "Util", "Utils", "Impl", "Processor" }.Any(name.EndsWith)
        );

    [Fact]
    public void The_top_level_holds_only_what_belongs_there()
    {
        string[] allowed =
        [
            "services",
            "contracts",
            "tests",
            "deploy",
            "helm",
            "docker-compose.yml",
            "NectarBackup.sln",
            "README.md",
            "LICENSE",
            "Directory.Build.props",
            "Directory.Packages.props",
            "BannedSymbols.txt",
            "global.json",
            "artifacts",
            "TestResults",
        ];
        Assert.Empty(
            Directory
                .EnumerateFileSystemEntries(Solution.Root)
                .Select(path => Path.GetFileName(path))
                .Where(name => !name.StartsWith('.'))
                .Except(allowed)
        );
    }

    [Fact]
    public void Every_project_has_a_readme_of_at_most_a_page() =>
        Assert.All(
            Solution
                .Projects.Where(project => !project.Key.EndsWith(".Tests", StringComparison.Ordinal))
                .Select(p => p.Value),
            path =>
                Assert.InRange(File.ReadAllLines(Path.Combine(Path.GetDirectoryName(path)!, "README.md")).Length, 3, 80)
        );
}
