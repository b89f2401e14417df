namespace NectarBackup.Engine.Check;

/// <summary>How a repository is checked.</summary>
public sealed record CheckOptions
{
    /// <summary>Which packs are read whole.</summary>
    public PackSample ReadData { get; init; } = PackSample.None;

    /// <summary>Threads; 1 or more.</summary>
    public int Workers { get; init; } = Environment.ProcessorCount;

    /// <summary>Told of each fault as it is found; one call at a time.</summary>
    public Action<CheckFinding> OnFinding { get; init; } = static _ => { };

    /// <summary>Told after each pack that was read: packs done, packs in all, bytes done.</summary>
    public Action<int, int, long>? OnPackRead { get; init; }
}

/// <summary>A choice of packs (restic's <c>--read-data</c> and <c>--read-data-subset</c>).</summary>
public sealed class PackSample
{
    private readonly Func<IReadOnlyList<(ObjectId Pack, long Length)>, Random, IEnumerable<ObjectId>> _choose;

    private PackSample(Func<IReadOnlyList<(ObjectId Pack, long Length)>, Random, IEnumerable<ObjectId>> choose) =>
        _choose = choose;

    public static PackSample None { get; } = new(static (_, _) => []);

    public static PackSample All { get; } = new(static (packs, _) => packs.Select(p => p.Pack));

    /// <summary>The n-th of t equal parts, counted from 1: the packs whose first byte modulo t is n - 1.</summary>
    /// <exception cref="RepositoryException">Refused: not 1 &lt;= n &lt;= t &lt;= 256.</exception>
    public static PackSample Part(int n, int t) =>
        n < 1 || n > t || t > 256
            ? throw new RepositoryException(RepositoryError.Refused, $"'{n}/{t}': 1 <= n <= t <= 256 is asked for")
            : new PackSample((packs, _) => packs.Where(p => p.Pack.First % t == n - 1).Select(p => p.Pack));

    /// <summary>Some packs, chosen anew each time, but at least one.</summary>
    /// <param name="percent">More than 0, up to 100.</param>
    public static PackSample Percent(double percent) =>
        percent is > 0 and <= 100
            ? new PackSample(
                (packs, random) => Pick(packs, Math.Max(1, (int)Math.Round(packs.Count * percent / 100)), random)
            )
            : throw new RepositoryException(RepositoryError.Refused, $"'{percent}%': more than 0, up to 100");

    /// <summary>Some packs, chosen anew each time, of about that many bytes in all.</summary>
    public static PackSample Size(long bytes) =>
        bytes > 0
            ? new PackSample(
                (packs, random) =>
                {
                    var total = packs.Sum(static p => p.Length);
                    var share = total <= bytes ? 1 : (double)bytes / total;
                    return Pick(packs, Math.Max(1, (int)(packs.Count * share)), random);
                }
            )
            : throw new RepositoryException(RepositoryError.Refused, "a sample has more than 0 bytes");

    private static IEnumerable<ObjectId> Pick(
        IReadOnlyList<(ObjectId Pack, long Length)> packs,
        int count,
        Random random
    )
    {
        var mixed = packs.Select(static p => p.Pack).ToArray();
        random.Shuffle(mixed);
        return mixed.Take(count);
    }

    internal HashSet<ObjectId> Choose(IReadOnlyList<(ObjectId Pack, long Length)> packs) =>
        [.. _choose(packs, Random.Shared)];
}
