using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Stores.S3;

namespace NectarBackup.Fuzz.Targets;

/// <summary>What people write: options, patterns, lists of files, locations.</summary>
internal static class TextTargets
{
    private static readonly Lazy<string> s_place = new(MakePlace);

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new(
            "patterns",
            [Text("*.o\n/a/**/c\n!/a/b/x.o\n[a-z]?\\*\n/a/b/x.o\n/a/b/c/d/e")],
            Patterns,
            typeof(FormatException)
        ),
        new("pattern-file", [Text("# c\n*.o\n  $HOME/${X}/$$  \n\ufeff/a")], PatternLines, typeof(FormatException)),
        new("files-from", [Text("a\nb*\n# c\n[ab]\n"), Text("x\0y\0")], FilesFrom, typeof(FormatException)),
        new(
            "marker",
            [Text("CACHEDIR.TAG:Signature: 8a\0Signature: 8a477f\n"), Text("x\0y")],
            Marker,
            typeof(FormatException),
            typeof(LocalFileException)
        )
        {
            Weight = 4,
        },
        new(
            "s3-location",
            [Text("https://host:9000/bucket/a/b"), Text("host/bucket")],
            Location,
            typeof(StoreException)
        ),
        new("retention-span", [Text("1y5m7d2h"), Text("14d")], Span, typeof(RepositoryException)),
        new(
            "time",
            [Text("2026-01-02T03:04:05.123456789+05:30"), Text("2026-01-02T03:04:05Z")],
            Time,
            typeof(FormatException)
        ),
        new("duration", [Text("1h30m"), Text("1.5h90s5ms2d"), Text("0")], Duration, typeof(UsageException)),
        new("size", [Text("500"), Text("1.5G"), Text("10kb")], Size, typeof(UsageException), typeof(FormatException)),
        new("words", [Text("cat \"a b\" 'c\\' d\\ e")], input => Words.Split(Text(input)), typeof(UsageException)),
    ];

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    // Every line is a pattern and a path.
    private static void Patterns(byte[] input)
    {
        var lines = PathLists.ReadVerbatim(input).Take(16).Select(line => line[..Math.Min(line.Length, 4096)]).ToList();
        var rules = new ExcludeRules();
        foreach (var line in lines)
        {
            rules.AddPattern(line);
            rules.AddPatternIgnoringCase(line);
        }
        foreach (var line in lines)
            rules.IsExcluded([(byte)'/', .. line]);
    }

    private static void PatternLines(byte[] input)
    {
        foreach (var pattern in PatternFile.Read(input, static name => name.Length > 1 ? name : null))
            new ExcludeRules().AddPattern(pattern);
    }

    private static void FilesFrom(byte[] input)
    {
        foreach (var path in PathLists.ReadVerbatim(input))
            InvariantException.Require(path.Length > 0 && !path.Contains((byte)'\n'), "a line");
        // Without slashes, so that nothing but a small directory is listed.
        var pattern = input.Select(static c => c == (byte)'/' ? (byte)'|' : c).Take(4096).ToArray();
        Directory.SetCurrentDirectory(s_place.Value);
        foreach (var path in PathLists.ReadPatterns(pattern, static _ => { }))
            InvariantException.Require(path.Length > 0, "a path");
        foreach (var path in PathLists.ReadRaw(input))
            InvariantException.Require(path.Length > 0 && !path.Contains((byte)0), "a path");
    }

    // Input: the rule, a NUL, the marker's content.
    private static void Marker(byte[] input)
    {
        var end = Array.IndexOf(input, (byte)0);
        if (end < 0)
            throw new NotAnInputException();
        var rules = new ExcludeRules();
        rules.AddCaches();
        rules.AddMarker(input.AsSpan(0, end));
        File.WriteAllBytes(Path.Combine(s_place.Value, "CACHEDIR.TAG"), input[(end + 1)..]);
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(s_place.Value));
        rules.FindMarker(directory);
    }

    private static void Location(byte[] input)
    {
        var options = S3Options.Parse(Text(input));
        InvariantException.Require(options.Bucket.Length > 0 && !options.Bucket.Contains('/'), "a bucket");
        InvariantException.Require(!options.Prefix.StartsWith('/') && !options.Prefix.EndsWith('/'), "a bare prefix");
        InvariantException.Require(options.Endpoint.Host.Length > 0, "a host");
        _ = options.ToString();
    }

    private static void Span(byte[] input)
    {
        var span = RetentionSpan.Parse(Text(input));
        InvariantException.Require(RetentionSpan.Parse(span.ToString()) == span, "a span reads back the same");
        span.Before(new GoTime(1_700_000_000, 0, 60));
    }

    private static void Time(byte[] input)
    {
        var time = GoTime.Parse(input);
        InvariantException.Require(time.Nanoseconds is >= 0 and < 1_000_000_000, "nanoseconds");
        InvariantException.Require(GoTime.Parse(Text(time.ToString())) == time, "a time reads back the same");
        _ = time.Local;
        RetentionSpan.Parse("100000y100000m100000d100000h").Before(time).CompareTo(time);
    }

    private static void Duration(byte[] input) =>
        InvariantException.Require(Durations.Parse(Text(input), "--option") >= TimeSpan.Zero, "no negative duration");

    private static void Size(byte[] input)
    {
        InvariantException.Require(Durations.ParseSize(Text(input), "--option") >= 0, "no negative size");
        Durations.ParseCount(Text(input), "--option");
        InvariantException.Require(ExcludeRules.ParseSize(Text(input)) >= 0, "no negative size");
    }

    private static string MakePlace()
    {
        var place = Directory.CreateTempSubdirectory("nectarbackup-fuzz-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(place, true);
        foreach (var name in (string[])["a", "b", "b2", "[c", "x"])
            File.WriteAllText(Path.Combine(place, name), name);
        return place;
    }
}
