namespace NectarBackup.Engine.Trees;

/// <summary>Trees store Go's <c>os.FileMode</c>, whose upper bits are not those of <c>st_mode</c>.</summary>
public static class GoFileMode
{
    private const uint Setuid = 1 << 23,
        Setgid = 1 << 22,
        Sticky = 1 << 20,
        UnixSetuid = 0x800,
        UnixSetgid = 0x400,
        UnixSticky = 0x200,
        Permissions = 0x1ff;

    /// <summary>The stored number for a type and the low 12 bits of <c>st_mode</c>.</summary>
    public static uint From(NodeType type, uint mode) =>
        (mode & Permissions)
        | ((mode & UnixSetuid) != 0 ? Setuid : 0)
        | ((mode & UnixSetgid) != 0 ? Setgid : 0)
        | ((mode & UnixSticky) != 0 ? Sticky : 0)
        | type switch
        {
            NodeType.Directory => 1u << 31,
            NodeType.Symlink => 1u << 27,
            NodeType.BlockDevice => 1u << 26,
            NodeType.CharDevice => 1u << 26 | 1u << 21,
            NodeType.Fifo => 1u << 25,
            NodeType.Socket => 1u << 24,
            _ => 0,
        };

    /// <summary>The low 12 bits of <c>st_mode</c>; what a node is says its type, not this number.</summary>
    public static uint ToUnix(uint stored) =>
        (stored & Permissions)
        | ((stored & Setuid) != 0 ? UnixSetuid : 0)
        | ((stored & Setgid) != 0 ? UnixSetgid : 0)
        | ((stored & Sticky) != 0 ? UnixSticky : 0);
}
