using NectarBackup.Fuzz.Targets;

namespace NectarBackup.Fuzz;

/// <summary>All targets.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [.. UnpackedTargets.All, .. TreeTargets.All, .. PackTargets.All, .. TextTargets.All, .. RestoreTargets.All];
}
