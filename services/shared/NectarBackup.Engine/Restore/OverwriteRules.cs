using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>Whether an entry that is in the target stays as it is (restic documentation: "Restoring in-place").</summary>
internal static class OverwriteRules
{
    public static bool LeavesAlone(OverwritePolicy policy, in FileStatus there, Node wanted) =>
        policy switch
        {
            OverwritePolicy.Never => true,
            OverwritePolicy.IfNewer => Compare(there.ModifyTime, wanted.ModifyTime) >= 0,
            OverwritePolicy.IfChanged => there.Type == wanted.Type
                && (wanted.Type != NodeType.File || (ulong)there.Size == wanted.Size)
                && there.ModifyTime == wanted.ModifyTime,
            _ => false,
        };

    private static int Compare(NodeTime a, NodeTime b)
    {
        var order = a.Seconds.CompareTo(b.Seconds);
        return order != 0 ? order : a.Nanoseconds.CompareTo(b.Nanoseconds);
    }
}
