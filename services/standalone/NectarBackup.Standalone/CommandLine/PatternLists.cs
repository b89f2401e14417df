using System.CommandLine;
using System.Text;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>Lists of patterns and paths, from options and from files.</summary>
internal static class PatternLists
{
    /// <summary>Longest list that is read, in bytes.</summary>
    private const int MaxLength = 1 << 30;

    public static byte[] WorkingDirectory => Encoding.UTF8.GetBytes(Directory.GetCurrentDirectory());

    /// <summary>The patterns of one option, then those of the files of the other.</summary>
    /// <exception cref="UsageException">A file cannot be read.</exception>
    public static IEnumerable<byte[]> Read(CommandRun run, Option<string[]> patterns, Option<string[]> files) =>
        run.Get(patterns)
            .Select(RawArguments.BytesOf)
            .Concat(
                run.Get(files).SelectMany(file => PatternFile.Read(ReadFile(file), Environment.GetEnvironmentVariable))
            );

    /// <summary>A whole file; <c>-</c> is standard input.</summary>
    /// <exception cref="UsageException">It cannot be read, or is too long.</exception>
    public static ReadOnlyMemory<byte> ReadFile(string path)
    {
        try
        {
            using var from =
                path == "-" ? Console.OpenStandardInput() : new FileStream(path, FileMode.Open, FileAccess.Read);
            using var content = new MemoryStream();
            var buffer = new byte[64 << 10];
            for (int count; (count = from.Read(buffer)) > 0; content.Write(buffer, 0, count))
                if (content.Length > MaxLength)
                    throw new UsageException($"the list {path} is longer than {MaxLength} bytes");
            return content.ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the list {path} cannot be read: {e.Message}");
        }
    }
}
