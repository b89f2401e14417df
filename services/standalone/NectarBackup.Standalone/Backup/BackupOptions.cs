using System.CommandLine;
using System.Globalization;
using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Snapshots;

namespace NectarBackup.Standalone.Backup;

/// <summary>The options of <c>backup</c>.</summary>
internal sealed class BackupOptions
{
    /// <summary>zstd level of <c>--compression max</c>: what restic's strongest setting stands for.</summary>
    public const int MaxLevel = 11;

    private readonly Argument<string[]> _paths = GlobalOptions.Rest("PATH");
    private readonly SourceOptions _source = new();

    private readonly Option<bool> _stdin = GlobalOptions.Flag("--stdin", "back up what standard input gives");
    private readonly Option<bool> _command = GlobalOptions.Flag(
        "--stdin-from-command",
        "back up what a program prints; write it after all options and '--'; if it fails, no snapshot is made"
    );
    private readonly Option<string?> _stdinName = GlobalOptions.Text(
        "--stdin-filename",
        "path of the file in the snapshot, for --stdin and --stdin-from-command (default: stdin)",
        "NAME"
    );
    private readonly Option<string[]> _tags = GlobalOptions.Texts("--tag", "give the snapshot tags", "TAG[,TAG]...");
    private readonly Option<string?> _host = GlobalOptions.Text(
        "--host",
        "the host name to record (default: $NECTAR_HOST, else this host)",
        "HOST",
        "-H"
    );
    private readonly Option<string?> _time = GlobalOptions.Text(
        "--time",
        "the time to record, as '2012-11-01 22:08:41' (default: now)",
        "TIME"
    );
    private readonly Option<string?> _parent = GlobalOptions.Text(
        "--parent",
        "snapshot to compare files with (default: the newest of the same host and paths)",
        "SNAPSHOT"
    );
    private readonly Option<bool> _force = GlobalOptions.Flag("--force", "read every file, compare with none", "-f");
    private readonly Option<string?> _groupBy = GlobalOptions.Text(
        "--group-by",
        "what the snapshot to compare with must share (default: host,paths)",
        "WORDS",
        "-g"
    );
    private readonly Option<bool> _dryRun = GlobalOptions.Flag(
        "--dry-run",
        "store nothing, only report what would be stored",
        "-n"
    );
    private readonly Option<bool> _skip = GlobalOptions.Flag(
        "--skip-if-unchanged",
        "make no snapshot that equals the one compared with"
    );
    private readonly Option<bool> _noScan = GlobalOptions.Flag(
        "--no-scan",
        "do not count beforehand how much there is"
    );
    private readonly Option<string?> _readers = GlobalOptions.Text(
        "--read-concurrency",
        "accepted and ignored: all processor cores are used anyway",
        "N"
    );

    public void AddTo(Command command)
    {
        command.Add(_paths);
        _source.AddTo(command);
        foreach (
            var option in new Option[]
            {
                _stdin,
                _command,
                _stdinName,
                _tags,
                _host,
                _time,
                _parent,
                _force,
                _groupBy,
                _dryRun,
                _skip,
                _noScan,
                _readers,
            }
        )
            command.Add(option);
    }

    /// <exception cref="UsageException">An option cannot be used, or there is nothing to back up.</exception>
    public BackupRequest Read(CommandRun run)
    {
        if (run.Get(_readers, "READ_CONCURRENCY") is { } readers)
            Durations.ParseCount(readers, _readers.Name);
        var workingDirectory = Encoding.UTF8.GetBytes(Directory.GetCurrentDirectory());
        var inputCommand = run.Get(_command) ? run.Get(_paths) : [];
        if (run.Get(_command) && run.Get(_stdin))
            throw new UsageException("--stdin and --stdin-from-command exclude each other");
        if (run.Get(_command) && inputCommand.Length == 0)
            throw new UsageException("no command is given", "write it after '--', as in: -- pg_dump shop");
        var stdinName = run.Get(_stdin) || run.Get(_command) ? run.Get(_stdinName) ?? "stdin" : null;
        var (paths, excludes, patterns) = _source.Read(
            run,
            run.Get(_command) ? [] : run.Get(_paths),
            stdinName is not null
        );
        if (stdinName is not null)
            paths =
            [
                [(byte)'/', .. RawArguments.BytesOf(stdinName).AsSpan().TrimStart((byte)'/')],
            ];
        if (paths.Count == 0)
            throw new UsageException("nothing to back up is given", "name files and directories");
        return new BackupRequest
        {
            Paths = paths,
            WorkingDirectory = workingDirectory,
            ListedPaths =
            [
                .. paths
                    .Select(path => Encoding.UTF8.GetString(LocalBackup.ListedPath(path, workingDirectory)))
                    .Distinct()
                    .Order(StringComparer.Ordinal),
            ],
            Source = new LocalBackupOptions
            {
                Paths = paths,
                WorkingDirectory = workingDirectory,
                Excludes = excludes,
                OneFileSystem = _source.OneFileSystem(run),
                WithAccessTime = _source.WithAccessTime(run),
                IgnoreInode = _source.IgnoreInode(run),
                IgnoreChangeTime = _source.IgnoreChangeTime(run),
            },
            FromStandardInput = stdinName is not null,
            InputCommand = inputCommand,
            Patterns = patterns,
            Tags =
            [
                .. run.Get(_tags).SelectMany(SnapshotFilterOptions.SplitTags).Where(tag => tag.Length > 0).Distinct(),
            ],
            Host = run.Get(_host, "HOST") ?? LocalLockIdentity.Instance.HostName,
            Time = run.Get(_time) is { } time ? Moments.Parse(time, _time.Name) : null,
            Parent = run.Get(_parent),
            Force = run.Get(_force),
            Grouping = run.Get(_groupBy) is { } words
                ? SnapshotFilterOptions.ParseGrouping(words)
                : SnapshotGrouping.Default,
            DryRun = run.Get(_dryRun),
            SkipIfUnchanged = run.Get(_skip),
            CountFirst = !run.Get(_noScan) && stdinName is null && !run.Quiet && (run.Json || run.Streams.IsTerminal),
        };
    }
}

/// <summary>One backup as the user asked for it.</summary>
internal sealed record BackupRequest
{
    public required IReadOnlyList<byte[]> Paths { get; init; }
    public required byte[] WorkingDirectory { get; init; }

    /// <summary>As the snapshot lists them: absolute, in order.</summary>
    public required IReadOnlyList<string> ListedPaths { get; init; }
    public required LocalBackupOptions Source { get; init; }
    public required bool FromStandardInput { get; init; }

    /// <summary>The program, and its arguments, whose output takes the place of standard input; empty for none.</summary>
    public required IReadOnlyList<string> InputCommand { get; init; }
    public required IReadOnlyList<string> Patterns { get; init; }
    public required IReadOnlyList<string> Tags { get; init; }
    public required string Host { get; init; }

    /// <summary>Null for now.</summary>
    public required DateTimeOffset? Time { get; init; }
    public required string? Parent { get; init; }
    public required bool Force { get; init; }
    public required SnapshotGrouping Grouping { get; init; }
    public required bool DryRun { get; init; }
    public required bool SkipIfUnchanged { get; init; }

    /// <summary>Somebody looks at how far it is: count what there is.</summary>
    public required bool CountFirst { get; init; }
}
