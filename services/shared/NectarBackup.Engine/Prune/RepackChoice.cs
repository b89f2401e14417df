using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Prune;

/// <summary>What becomes of a pack.</summary>
internal enum PackFate : byte
{
    Keep,
    Repack,
    Remove,

    /// <summary>It is gone already, and nothing in it is needed: only the index still names it.</summary>
    Missing,
}

/// <summary>
/// Chooses which partly used packs are repacked (restic <c>internal/repository/prune.go:decidePackAction</c>): trees and packs that have to be changed always, then those
/// where the most is gained for the bytes that must be copied, until no more than the allowed waste is left.
/// </summary>
internal static class RepackChoice
{
    /// <summary>Fewer small packs than this are not worth merging unless asked for.</summary>
    private const int ManySmall = 10;

    public static PackFate[] Decide(PackUse[] packs, Func<int, ObjectId> idOf, PruneOptions options, int version)
    {
        var fates = new PackFate[packs.Length];
        var candidates = new List<int>();
        var small = new List<int>();
        var smallLimit = options.RepackSmall ? PackWriter.TargetLength / 5L * 4 : PackWriter.TargetLength / 25L;
        long used = 0;
        long waste = 0;
        for (var i = 0; i < packs.Length; i++)
        {
            ref var pack = ref packs[i];
            used += pack.Used.Bytes;
            if (pack.Length < 0)
                fates[i] = PackFate.Missing;
            else if (pack.Used.Blobs == 0)
                fates[i] = PackFate.Remove;
            else if (options.RepackCacheableOnly && pack.HasData)
                waste += pack.Waste;
            else if (pack.Waste > 0 || MustRepack(pack, options, version))
                candidates.Add(i);
            else if (pack.Length < smallLimit)
                small.Add(i);
            if (candidates.Count > 0 && candidates[^1] == i)
                waste += pack.Waste;
        }
        if (options.RepackSmall || small.Count >= ManySmall)
            candidates.AddRange(small);
        Choose(packs, candidates, idOf, options, version, waste, options.MaxUnused.For(used), fates);
        return fates;
    }

    private static void Choose(
        PackUse[] packs,
        List<int> candidates,
        Func<int, ObjectId> idOf,
        PruneOptions options,
        int version,
        long waste,
        long allowed,
        PackFate[] fates
    )
    {
        var order = candidates
            .OrderByDescending(i => IsUrgent(packs[i], options, version))
            .ThenByDescending(i => (double)packs[i].Waste / packs[i].Used.Bytes)
            .ThenBy(idOf);
        long repacked = 0;
        foreach (var i in order)
        {
            ref var pack = ref packs[i];
            if (options.MaxRepackBytes is { } most && repacked + pack.Length > most)
                continue;
            if (!IsUrgent(pack, options, version) && pack.Waste > 0 && waste <= allowed)
                continue;
            fates[i] = PackFate.Repack;
            repacked += pack.Length;
            waste -= pack.Waste;
        }
    }

    private static bool IsUrgent(in PackUse pack, PruneOptions options, int version) =>
        pack.HasTrees && pack.Waste > 0 || MustRepack(pack, options, version);

    /// <summary>Mixed packs, and in version 2 trees (and, if asked for, data) that are not compressed.</summary>
    private static bool MustRepack(in PackUse pack, PruneOptions options, int version) =>
        pack.HasTrees && pack.HasData
        || version >= 2 && (pack.HasRawTree || options.RepackUncompressed && pack.HasRawData);
}
