using System.Text;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Fuzz.Targets;

/// <summary>A directory to restore into, two levels below one that holds a file which must stay as it is.</summary>
internal sealed class Cage
{
    private readonly string _before;

    public Cage()
    {
        Outside = Directory.CreateTempSubdirectory("nectarbackup-fuzz-").FullName;
        Canary = Path.Combine(Outside, "canary");
        Target = Path.Combine(Outside, "inner", "target");
        Directory.CreateDirectory(Path.GetDirectoryName(Target)!);
        File.WriteAllText(Canary, "untouched");
        _before = Look();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Clear();
            Directory.Delete(Outside, true);
        };
    }

    public string Outside { get; }

    public string Canary { get; }

    /// <summary>Not there between two restores.</summary>
    public string Target { get; }

    public void Check() =>
        InvariantException.Require(
            Look() == _before,
            $"nothing outside the target changes; before:\n{_before}\nnow:\n{Look()}"
        );

    /// <summary>Removes the target. Names may be no text: the framework's own call would miss them.</summary>
    public void Clear()
    {
        using var inner = RestoreDirectory.OpenRoot(
            Encoding.UTF8.GetBytes(Path.GetDirectoryName(Target)!),
            new RestoreOptions()
        );
        inner.Remove("target"u8);
    }

    // All that is outside, with what a restore could have set on it.
    private string Look()
    {
        var text = new StringBuilder();
        foreach (var path in Directory.EnumerateFileSystemEntries(Outside, "*", SearchOption.AllDirectories).Order())
        {
            if (path.StartsWith(Target, StringComparison.Ordinal))
                continue;
            var isDirectory = Directory.Exists(path);
            var status = LocalStatus(path);
            text.Append(path).Append(' ').Append(File.GetUnixFileMode(path)).Append(' ').Append(status);
            text.AppendLine(isDirectory ? "" : " " + File.ReadAllText(path) + File.GetLastWriteTimeUtc(path).Ticks);
        }
        return text.ToString();
    }

    private static string LocalStatus(string path)
    {
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(Path.GetDirectoryName(path)!));
        var status = directory.GetStatus(Encoding.UTF8.GetBytes(Path.GetFileName(path)));
        return $"{status.UserId}:{status.GroupId}{(status.Type == Engine.Trees.NodeType.File ? $" {status.Links} links" : "")}";
    }
}
