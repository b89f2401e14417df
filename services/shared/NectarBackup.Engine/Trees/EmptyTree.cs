namespace NectarBackup.Engine.Trees;

/// <summary>The tree of a directory without entries; every empty directory of every repository has the same id.</summary>
public static class EmptyTree
{
    /// <summary>The blob: like every tree it ends with one newline, which the id covers (restic design: "Trees and Data").</summary>
    public static ReadOnlySpan<byte> Json => "{\"nodes\":[]}\n"u8;

    /// <summary>The id of <see cref="Json"/>.</summary>
    public static ObjectId Id { get; } =
        ObjectId.Parse("ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8");
}
