using System.CommandLine;
using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Backup;

/// <summary>The options of <c>backup</c> that say what is read, what is left out and how files are judged.</summary>
internal sealed class SourceOptions
{
    private readonly Option<string[]> _exclude = GlobalOptions.Texts(
        "--exclude",
        "leave out files and directories that match; may be repeated",
        "PATTERN",
        "-e"
    );
    private readonly Option<string[]> _iexclude = GlobalOptions.Texts(
        "--iexclude",
        "as --exclude, but upper and lower case are the same",
        "PATTERN"
    );
    private readonly Option<string[]> _excludeFile = GlobalOptions.Texts(
        "--exclude-file",
        "read patterns from a file",
        "FILE"
    );
    private readonly Option<string[]> _iexcludeFile = GlobalOptions.Texts(
        "--iexclude-file",
        "as --exclude-file, but upper and lower case are the same",
        "FILE"
    );
    private readonly Option<bool> _caches = GlobalOptions.Flag(
        "--exclude-caches",
        "leave out what is in directories with a CACHEDIR.TAG"
    );
    private readonly Option<string[]> _ifPresent = GlobalOptions.Texts(
        "--exclude-if-present",
        "leave out what is in directories with this file",
        "NAME[:HEADER]"
    );
    private readonly Option<string?> _largerThan = GlobalOptions.Text(
        "--exclude-larger-than",
        "leave out files of more bytes: 500K, 10M, 2G",
        "SIZE"
    );
    private readonly Option<bool> _oneFileSystem = GlobalOptions.Flag(
        "--one-file-system",
        "do not enter other file systems",
        "-x"
    );
    private readonly Option<string[]> _filesFrom = GlobalOptions.Texts(
        "--files-from",
        "read patterns of paths",
        "FILE"
    );
    private readonly Option<string[]> _filesFromVerbatim = GlobalOptions.Texts(
        "--files-from-verbatim",
        "read paths, one a line",
        "FILE"
    );
    private readonly Option<string[]> _filesFromRaw = GlobalOptions.Texts(
        "--files-from-raw",
        "read paths that end with a NUL each",
        "FILE"
    );
    private readonly Option<bool> _withAccessTime = GlobalOptions.Flag("--with-atime", "store access times");
    private readonly Option<bool> _ignoreInode = GlobalOptions.Flag(
        "--ignore-inode",
        "take a file for unchanged even if its inode number or ctime differs"
    );
    private readonly Option<bool> _ignoreChangeTime = GlobalOptions.Flag(
        "--ignore-ctime",
        "take a file for unchanged even if its change time (ctime) differs"
    );

    public void AddTo(Command command)
    {
        foreach (
            var option in new Option[]
            {
                _exclude,
                _iexclude,
                _excludeFile,
                _iexcludeFile,
                _caches,
                _ifPresent,
                _largerThan,
                _oneFileSystem,
                _filesFrom,
                _filesFromVerbatim,
                _filesFromRaw,
                _withAccessTime,
                _ignoreInode,
                _ignoreChangeTime,
            }
        )
            command.Add(option);
    }

    public bool OneFileSystem(CommandRun run) => run.Get(_oneFileSystem);

    public bool WithAccessTime(CommandRun run) => run.Get(_withAccessTime);

    public bool IgnoreInode(CommandRun run) => run.Get(_ignoreInode);

    /// <summary>restic takes <c>--ignore-inode</c> for both.</summary>
    public bool IgnoreChangeTime(CommandRun run) => run.Get(_ignoreChangeTime) || run.Get(_ignoreInode);

    /// <summary>The paths of the arguments and lists, the rules, and the patterns as the snapshot notes them.</summary>
    /// <exception cref="UsageException">A list cannot be read, a pattern or size is malformed.</exception>
    public (List<byte[]> Paths, ExcludeRules Excludes, List<string> Patterns) Read(
        CommandRun run,
        string[] arguments,
        bool fromStandardInput
    )
    {
        try
        {
            var paths = arguments.Select(RawArguments.BytesOf).Concat(ReadLists(run)).ToList();
            if (fromStandardInput && paths.Count > 0)
                throw new UsageException("--stdin takes no other paths");
            var rules = new ExcludeRules();
            var patterns = AddRules(run, rules);
            return (paths, rules, patterns);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private List<byte[]> ReadLists(CommandRun run)
    {
        var paths = new List<byte[]>();
        foreach (var file in run.Get(_filesFrom))
            paths.AddRange(
                PathLists.ReadPatterns(
                    PatternLists.ReadFile(file),
                    pattern => run.Warn($"no path matches {BytePath.Display(pattern)} of {file}")
                )
            );
        foreach (var file in run.Get(_filesFromVerbatim))
            paths.AddRange(PathLists.ReadVerbatim(PatternLists.ReadFile(file)));
        foreach (var file in run.Get(_filesFromRaw))
            paths.AddRange(PathLists.ReadRaw(PatternLists.ReadFile(file)));
        var isGiven =
            run.Get(_filesFrom).Length + run.Get(_filesFromVerbatim).Length + run.Get(_filesFromRaw).Length > 0;
        return isGiven && paths.Count == 0
            ? throw new UsageException("the lists of --files-from name nothing that exists")
            : paths;
    }

    private List<string> AddRules(CommandRun run, ExcludeRules rules)
    {
        var patterns = new List<string>();
        foreach (var pattern in PatternLists.Read(run, _exclude, _excludeFile))
            Add(pattern, rules.AddPattern);
        foreach (var pattern in PatternLists.Read(run, _iexclude, _iexcludeFile))
            Add(pattern, rules.AddPatternIgnoringCase);
        if (run.Get(_caches))
            rules.AddCaches();
        foreach (var rule in run.Get(_ifPresent))
            rules.AddMarker(RawArguments.BytesOf(rule));
        if (run.Get(_largerThan) is { } size)
            rules.SetLargest(ExcludeRules.ParseSize(size));
        return patterns;

        void Add(byte[] pattern, Action<ReadOnlySpan<byte>> add)
        {
            add(pattern);
            patterns.Add(Encoding.UTF8.GetString(pattern));
        }
    }
}
