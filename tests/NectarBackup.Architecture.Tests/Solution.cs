using System.Xml.Linq;

namespace NectarBackup.Architecture.Tests;

/// <summary>The project files and sources of the checkout that the tests were built from.</summary>
internal static class Solution
{
    public static string Root { get; } = FindRoot();

    /// <summary>Project name to its file.</summary>
    public static IReadOnlyDictionary<string, string> Projects { get; } =
        Directory
            .EnumerateFiles(Root, "*.csproj", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/artifacts/", StringComparison.Ordinal))
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path)!);

    public static IEnumerable<string> ReferencesOf(string project) =>
        XDocument
            .Load(Projects[project])
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    public static IEnumerable<string> PackagesOf(string project) =>
        XDocument
            .Load(Projects[project])
            .Descendants("PackageReference")
            .Select(reference => reference.Attribute("Include")!.Value);

    public static IEnumerable<string> SourcesOf(string project) =>
        Directory
            .EnumerateFiles(Path.GetDirectoryName(Projects[project])!, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("/obj/", StringComparison.Ordinal));

    private static string FindRoot()
    {
        var at = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(at, "NectarBackup.sln")))
            at = Path.GetDirectoryName(at) ?? throw new InvalidOperationException("NectarBackup.sln was not found");
        return at;
    }
}
