using System.CommandLine;
using System.Globalization;
using NectarBackup.Engine.Prune;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Opening;

namespace NectarBackup.Standalone.Prune;

/// <summary>The options of <c>prune</c>, and of <c>forget --prune</c>.</summary>
internal sealed class PruneOptionSet
{
    private readonly Option<string?> _maxUnused = GlobalOptions.Text(
        "--max-unused",
        "how much unused data may stay: 5%, 2G or unlimited (default: 5%)",
        "LIMIT"
    );
    private readonly Option<string?> _maxRepack = GlobalOptions.Text(
        "--max-repack-size",
        "rewrite at most this much data: 10G (default: no limit)",
        "SIZE"
    );
    private readonly Option<bool> _cacheable = GlobalOptions.Flag(
        "--repack-cacheable-only",
        "only repack packs of trees"
    );
    private readonly Option<bool> _small = GlobalOptions.Flag("--repack-small", "also repack small packs");
    private readonly Option<bool> _uncompressed = GlobalOptions.Flag(
        "--repack-uncompressed",
        "also repack data that is not compressed"
    );

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _maxUnused, _maxRepack, _cacheable, _small, _uncompressed })
            command.Add(option);
    }

    /// <exception cref="UsageException">A limit is malformed.</exception>
    public PruneOptions Read(CommandRun run) =>
        new()
        {
            MaxUnused = run.Get(_maxUnused) is { } limit ? Limit(limit) : UnusedLimit.Percent(5),
            MaxRepackBytes = run.Get(_maxRepack) is { } size ? Durations.ParseSize(size, _maxRepack.Name) : null,
            RepackCacheableOnly = run.Get(_cacheable),
            RepackSmall = run.Get(_small),
            RepackUncompressed = run.Get(_uncompressed),
            Time = run.Time,
        };

    private UnusedLimit Limit(string text) =>
        text == "unlimited" ? UnusedLimit.Unlimited
        : !text.EndsWith('%') ? UnusedLimit.Bytes(Durations.ParseSize(text, _maxUnused.Name))
        : double.TryParse(
            text.AsSpan(0, text.Length - 1),
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var percent
        )
            ? UnusedLimit.Percent(percent)
        : throw new UsageException($"'{text}' is no limit for {_maxUnused.Name}", "write 5%, 2G or unlimited");
}
