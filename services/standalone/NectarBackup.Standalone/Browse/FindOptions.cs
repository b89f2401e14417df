using System.CommandLine;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Browse;

/// <summary>What the arguments of <c>find</c> are.</summary>
internal enum FindKind
{
    Names,
    Blobs,
    Trees,
    Packs,
}

/// <summary>One search as the user asked for it.</summary>
internal sealed record FindSearch
{
    public required FindKind Kind { get; init; }

    /// <summary>For <see cref="FindKind.Names"/>.</summary>
    public required FindQuery Query { get; init; }

    /// <summary>For the other kinds: ids, or at least 8 digits of their start, in lower case.</summary>
    public required IReadOnlyList<string> Ids { get; init; }
    public required IReadOnlyCollection<string> Snapshots { get; init; }
    public required bool IsOldestFirst { get; init; }
    public required bool IsLong { get; init; }
    public required bool IsHuman { get; init; }
    public required bool ShowsPacks { get; init; }
}

/// <summary>The options of <c>find</c>, by restic's names.</summary>
internal sealed class FindOptions
{
    /// <summary>restic's short ids: fewer digits would mean too many blobs.</summary>
    private const int MinDigits = 8;

    private readonly Argument<string[]> _patterns = GlobalOptions.Rest("PATTERN");
    private readonly Option<bool> _blob = GlobalOptions.Flag("--blob", "the patterns are ids of file blobs");
    private readonly Option<bool> _tree = GlobalOptions.Flag("--tree", "the patterns are ids of trees (directories)");
    private readonly Option<bool> _pack = GlobalOptions.Flag("--pack", "the patterns are ids of pack files");
    private readonly Option<bool> _showPack = GlobalOptions.Flag(
        "--show-pack-id",
        "with --blob or --tree: also show the pack file"
    );
    private readonly Option<bool> _ignoreCase = GlobalOptions.Flag(
        "--ignore-case",
        "upper and lower case are the same",
        "-i"
    );
    private readonly Option<string?> _oldest = GlobalOptions.Text(
        "--oldest",
        "only files modified at this time or later",
        "TIME",
        "-O"
    );
    private readonly Option<string?> _newest = GlobalOptions.Text(
        "--newest",
        "only files modified at this time or earlier",
        "TIME",
        "-N"
    );
    private readonly Option<bool> _long = GlobalOptions.Flag(
        "--long",
        "show permissions, owner, size and time too",
        "-l"
    );
    private readonly Option<bool> _human = GlobalOptions.Flag("--human-readable", "show sizes as KiB, MiB, GiB");
    private readonly Option<string[]> _snapshots = GlobalOptions.Texts(
        "--snapshot",
        "search this snapshot only; may be repeated (default: all)",
        "SNAPSHOT",
        "-s"
    );
    private readonly Option<bool> _reverse = GlobalOptions.Flag(
        "--reverse",
        "oldest snapshots first (default: newest first)",
        "-R"
    );

    public void AddTo(Command command)
    {
        command.Add(_patterns);
        foreach (
            var option in new Option[]
            {
                _blob,
                _tree,
                _pack,
                _showPack,
                _ignoreCase,
                _oldest,
                _newest,
                _long,
                _human,
                _snapshots,
                _reverse,
            }
        )
            command.Add(option);
    }

    /// <exception cref="UsageException">A pattern, id or time is malformed, or options exclude each other.</exception>
    public FindSearch Read(CommandRun run)
    {
        var patterns = run.Get(_patterns);
        if (patterns.Length == 0)
            throw new UsageException("no pattern is given", "name a file, or a pattern such as '*.txt'");
        var kind = Kind(run);
        return new FindSearch
        {
            Kind = kind,
            Query = Query(run, kind == FindKind.Names ? patterns : []),
            Ids = kind == FindKind.Names ? [] : [.. patterns.Select(CheckedId).Distinct()],
            Snapshots = run.Get(_snapshots),
            IsOldestFirst = run.Get(_reverse),
            IsLong = run.Get(_long),
            IsHuman = run.Get(_human),
            ShowsPacks = run.Get(_showPack),
        };
    }

    private FindKind Kind(CommandRun run) =>
        (run.Get(_blob), run.Get(_tree), run.Get(_pack)) switch
        {
            (false, false, false) => FindKind.Names,
            (true, false, false) => FindKind.Blobs,
            (false, true, false) => FindKind.Trees,
            (false, false, true) => FindKind.Packs,
            _ => throw new UsageException("--blob, --tree and --pack exclude each other"),
        };

    private FindQuery Query(CommandRun run, string[] patterns)
    {
        var query = new FindQuery { Oldest = Time(run, _oldest), Newest = Time(run, _newest) };
        try
        {
            foreach (var pattern in patterns)
                query.AddPattern(RawArguments.BytesOf(pattern), run.Get(_ignoreCase));
            return query;
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private static NodeTime? Time(CommandRun run, Option<string?> option) =>
        run.Get(option) is not { } text ? null
        : Moments.Parse(text, option.Name) is var time
            ? new NodeTime(
                time.ToUnixTimeSeconds(),
                (int)(time.UtcTicks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick)
            )
        : null;

    private static string CheckedId(string text) =>
        text.Length is >= MinDigits and <= 64 && text.All(char.IsAsciiHexDigit)
            ? text.ToLowerInvariant()
            : throw new UsageException($"'{text}' is no id", $"write {MinDigits} to 64 hexadecimal digits");
}
