using System.CommandLine;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Restore;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Restore;

/// <summary>The options of <c>restore</c>.</summary>
internal sealed class RestoreOptions
{
    private readonly Option<string?> _target = GlobalOptions.Text(
        "--target",
        "the directory to restore into",
        "DIR",
        "-t"
    );
    private readonly Option<string[]> _include = GlobalOptions.Texts(
        "--include",
        "restore only what matches",
        "PATTERN",
        "-i"
    );
    private readonly Option<string[]> _iinclude = GlobalOptions.Texts(
        "--iinclude",
        "as --include, but upper and lower case are the same",
        "PATTERN"
    );
    private readonly Option<string[]> _exclude = GlobalOptions.Texts(
        "--exclude",
        "do not restore what matches",
        "PATTERN",
        "-e"
    );
    private readonly Option<string[]> _iexclude = GlobalOptions.Texts(
        "--iexclude",
        "as --exclude, but upper and lower case are the same",
        "PATTERN"
    );
    private readonly Option<string[]> _includeFile = GlobalOptions.Texts(
        "--include-file",
        "read patterns from a file",
        "FILE"
    );
    private readonly Option<string[]> _iincludeFile = GlobalOptions.Texts(
        "--iinclude-file",
        "as --include-file, but upper and lower case are the same",
        "FILE"
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
    private readonly Option<string?> _overwrite = GlobalOptions.Text(
        "--overwrite",
        "what to do with existing files: always, if-changed, if-newer or never (default: always)",
        "WHEN"
    );
    private readonly Option<bool> _delete = GlobalOptions.Flag(
        "--delete",
        "delete what is in restored directories and not in the snapshot"
    );
    private readonly Option<bool> _sparse = GlobalOptions.Flag("--sparse", "leave holes for zeros");
    private readonly Option<bool> _verify = GlobalOptions.Flag("--verify", "read all restored files again and compare");
    private readonly Option<bool> _dryRun = GlobalOptions.Flag(
        "--dry-run",
        "change nothing, only report what would be done"
    );

    public void AddTo(Command command)
    {
        foreach (
            var option in new Option[]
            {
                _target,
                _include,
                _iinclude,
                _exclude,
                _iexclude,
                _includeFile,
                _iincludeFile,
                _excludeFile,
                _iexcludeFile,
                _overwrite,
                _delete,
                _sparse,
                _verify,
                _dryRun,
            }
        )
            command.Add(option);
    }

    /// <exception cref="UsageException">No target is given.</exception>
    public string Target(CommandRun run) =>
        run.Get(_target) ?? throw new UsageException("no directory to restore into is given", "use --target");

    /// <exception cref="UsageException">An option or pattern cannot be used.</exception>
    public RestorePlan Read(CommandRun run)
    {
        try
        {
            var includes = new IncludeRules();
            foreach (var pattern in PatternLists.Read(run, _include, _includeFile))
                includes.AddPattern(pattern);
            foreach (var pattern in PatternLists.Read(run, _iinclude, _iincludeFile))
                includes.AddPatternIgnoringCase(pattern);
            var excludes = new ExcludeRules();
            foreach (var pattern in PatternLists.Read(run, _exclude, _excludeFile))
                excludes.AddPattern(pattern);
            foreach (var pattern in PatternLists.Read(run, _iexclude, _iexcludeFile))
                excludes.AddPatternIgnoringCase(pattern);
            var target = RawArguments.BytesOf(Target(run));
            if (
                run.Get(_delete)
                && LocalBackup.ListedPath(target, PatternLists.WorkingDirectory).Length == 1
                && includes.IsEmpty
            )
                throw new UsageException(
                    "--delete into '/' would empty the machine",
                    "say with --include what is meant"
                );
            return new RestorePlan
            {
                Target = target,
                Includes = includes,
                Excludes = excludes,
                Overwrite = (run.Get(_overwrite) ?? "always") switch
                {
                    "always" => OverwritePolicy.Always,
                    "if-changed" => OverwritePolicy.IfChanged,
                    "if-newer" => OverwritePolicy.IfNewer,
                    "never" => OverwritePolicy.Never,
                    var other => throw new UsageException(
                        $"'{other}' is no choice for --overwrite",
                        "use always, if-changed, if-newer or never"
                    ),
                },
                Delete = run.Get(_delete),
                Sparse = run.Get(_sparse),
                Verify = run.Get(_verify),
                DryRun = run.Get(_dryRun),
            };
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
