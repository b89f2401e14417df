namespace NectarBackup.Engine.Trees;

/// <summary>The fields of a node in the order in which restic writes them (restic <c>data/node.go:Node</c>).</summary>
internal enum NodeField
{
    Name,
    Type,
    Mode,
    ModifyTime,
    AccessTime,
    ChangeTime,
    UserId,
    GroupId,
    User,
    Group,
    Inode,
    DeviceId,
    Size,
    Links,
    LinkTarget,
    LinkTargetRaw,
    ExtendedAttributes,
    Device,
    Content,
    Subtree,
    Error,
    Unknown,
}

/// <summary>Tells fields by their keys.</summary>
internal static class NodeFields
{
    /// <summary>The keys with their quotes and the colon, in the order of <see cref="NodeField"/>.</summary>
    private static readonly byte[][] s_keys =
    [
        [.. "\"name\":"u8],
        [.. "\"type\":"u8],
        [.. "\"mode\":"u8],
        [.. "\"mtime\":"u8],
        [.. "\"atime\":"u8],
        [.. "\"ctime\":"u8],
        [.. "\"uid\":"u8],
        [.. "\"gid\":"u8],
        [.. "\"user\":"u8],
        [.. "\"group\":"u8],
        [.. "\"inode\":"u8],
        [.. "\"device_id\":"u8],
        [.. "\"size\":"u8],
        [.. "\"links\":"u8],
        [.. "\"linktarget\":"u8],
        [.. "\"linktarget_raw\":"u8],
        [.. "\"extended_attributes\":"u8],
        [.. "\"device\":"u8],
        [.. "\"content\":"u8],
        [.. "\"subtree\":"u8],
        [.. "\"error\":"u8],
    ];

    /// <summary>Steps over a key and its colon.</summary>
    /// <param name="scan">Stands before the key.</param>
    /// <param name="likely">Where to begin comparing: what follows the field before.</param>
    public static NodeField Take(ref TreeScanner scan, NodeField likely)
    {
        scan.SkipSpace();
        var rest = scan.Rest;
        var keys = s_keys;
        for (var i = (int)likely; i < keys.Length; i++)
            if (rest.StartsWith(keys[i]))
                return Found(ref scan, i);
        for (var i = 0; i < (int)likely; i++)
            if (rest.StartsWith(keys[i]))
                return Found(ref scan, i);

        // Unknown, or with white space before the colon.
        var key = scan.TakeString(out _, out _);
        scan.Take((byte)':');
        for (var i = 0; i < keys.Length; i++)
            if (keys[i].AsSpan(1, keys[i].Length - 3).SequenceEqual(key))
                return (NodeField)i;
        return NodeField.Unknown;
    }

    private static NodeField Found(ref TreeScanner scan, int field)
    {
        scan.Skip(s_keys[field].Length);
        return (NodeField)field;
    }
}
