namespace NectarBackup.Engine.Prune;

/// <summary>How much is reclaimed, and at what cost (restic's options of the same names).</summary>
public sealed record PruneOptions
{
    /// <summary>Unused bytes that may stay in packs that are partly used.</summary>
    public UnusedLimit MaxUnused { get; init; } = UnusedLimit.Percent(5);

    /// <summary>Stop repacking at so many bytes of old packs; null for no limit.</summary>
    public long? MaxRepackBytes { get; init; }

    /// <summary>Only repack packs of trees.</summary>
    public bool RepackCacheableOnly { get; init; }

    /// <summary>Also repack packs that are smaller than four fifths of the usual size.</summary>
    public bool RepackSmall { get; init; }

    /// <summary>Also repack packs with data that is not compressed.</summary>
    public bool RepackUncompressed { get; init; }

    /// <summary>Threads; 1 or more.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Packs that are stored at once.</summary>
    public int? Connections { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>How many unused bytes may stay.</summary>
public readonly struct UnusedLimit
{
    private readonly Func<long, long>? _limit;

    private UnusedLimit(Func<long, long> limit) => _limit = limit;

    /// <summary>A share of all bytes that stay.</summary>
    /// <exception cref="RepositoryException">Refused: not 0 &lt;= percent &lt; 100.</exception>
    public static UnusedLimit Percent(double percent) =>
        percent is >= 0 and < 100
            ? new UnusedLimit(used => (long)(percent / (100 - percent) * used))
            : throw new RepositoryException(RepositoryError.Refused, $"'{percent}%': 0 up to, not including, 100");

    public static UnusedLimit Bytes(long bytes) => new(_ => bytes);

    public static UnusedLimit Unlimited { get; } = new(_ => long.MaxValue);

    internal long For(long used) => _limit?.Invoke(used) ?? 0;
}
