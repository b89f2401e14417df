namespace NectarBackup.Engine.Prune;

/// <summary>Numbers of blobs, and their bytes as they are stored, with their entries in pack headers.</summary>
public record struct BlobSum(long Blobs, long Bytes)
{
    internal void Add(long bytes)
    {
        Blobs++;
        Bytes += bytes;
    }

    internal void Add(BlobSum other)
    {
        Blobs += other.Blobs;
        Bytes += other.Bytes;
    }
}

/// <summary>What a prune finds and is going to do.</summary>
public sealed record PruneStatistics
{
    /// <summary>Needed by snapshots, each blob once.</summary>
    public BlobSum Used { get; internal set; }

    /// <summary>Further copies of blobs that are needed.</summary>
    public BlobSum Duplicate { get; internal set; }

    /// <summary>Not needed.</summary>
    public BlobSum Unused { get; internal set; }

    /// <summary>Of packs that are deleted as they are.</summary>
    public BlobSum Removed { get; internal set; }

    /// <summary>Of packs that are repacked, all that is in them.</summary>
    public BlobSum Repacked { get; internal set; }

    /// <summary>The part of <see cref="Repacked"/> that is not written again.</summary>
    public BlobSum RemovedByRepack { get; internal set; }

    /// <summary>Bytes of packs that no index names.</summary>
    public long UnindexedBytes { get; internal set; }

    /// <summary>Bytes of blobs that are kept and not compressed.</summary>
    public long UncompressedBytes { get; internal set; }

    public int PacksUnindexed { get; internal set; }
    public int PacksKept { get; internal set; }
    public int PacksRepacked { get; internal set; }
    public int PacksRemoved { get; internal set; }
    public int PacksUsed { get; internal set; }
    public int PacksPartlyUsed { get; internal set; }
    public int PacksUnused { get; internal set; }

    /// <summary>Everything that is freed.</summary>
    public BlobSum Total =>
        new(Removed.Blobs + RemovedByRepack.Blobs, Removed.Bytes + RemovedByRepack.Bytes + UnindexedBytes);

    /// <summary>What is left of all blobs.</summary>
    public BlobSum Remaining =>
        new(
            Used.Blobs + Duplicate.Blobs + Unused.Blobs - Removed.Blobs - RemovedByRepack.Blobs,
            Used.Bytes + Duplicate.Bytes + Unused.Bytes - Removed.Bytes - RemovedByRepack.Bytes
        );

    /// <summary>Bytes of <see cref="Remaining"/> that no snapshot needs.</summary>
    public long UnusedAfter => Math.Max(0, Remaining.Bytes - Used.Bytes);
}
