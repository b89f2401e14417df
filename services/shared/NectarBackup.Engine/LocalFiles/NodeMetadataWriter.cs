using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Sets the metadata of a restored entry, in the only order in which all of it holds: owner (a change clears setuid and capabilities), attributes
/// (a mode without write would forbid them), mode, times last.
/// </summary>
internal static unsafe class NodeMetadataWriter
{
    private const uint SetIdBits = 0xc00; // 06000
    private const int MaxNameLength = 255; // XATTR_NAME_MAX

    [ThreadStatic]
    private static ExtendedAttributeReader? s_reader;

    /// <summary>On an open file or directory.</summary>
    internal static void Apply(
        RestoreDirectory directory,
        ReadOnlySpan<byte> name,
        int descriptor,
        Node node,
        Action<LocalFileException> problem
    )
    {
        var empty = stackalloc byte[1] { 0 };
        var owner = LibC.ChangeOwnerAt(descriptor, empty, node.UserId, node.GroupId, LibC.AtEmptyPath);
        var isOwned = ReportOwner(directory, name, owner, problem);
        var path = stackalloc byte[DescriptorPath.MaxLength];
        DescriptorPath.Write(descriptor, default, path);
        var present = new List<ExtendedAttribute>();
        _ = (s_reader ??= new()).Read(descriptor, present);
        SetAttributes(directory, name, path, follow: true, present, node, problem);
        if (LibC.ChangeMode(descriptor, ModeToSet(node, isOwned)) != 0)
            problem(directory.Failure("chmod", name, LibC.LastError));
        var times = stackalloc LibC.TimeSpec[2] { Time(node.AccessTime), Time(node.ModifyTime) };
        if (LibC.SetTimes(descriptor, times) != 0)
            problem(directory.Failure("set times of", name, LibC.LastError));
    }

    /// <summary>On an entry that cannot be opened without effect: a symbolic link, FIFO, socket or device.</summary>
    internal static void Apply(
        RestoreDirectory directory,
        ReadOnlySpan<byte> name,
        Node node,
        Action<LocalFileException> problem
    )
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        LibC.Terminate(name, terminated);
        var at = directory.Descriptor;
        var owner = LibC.ChangeOwnerAt(at, terminated, node.UserId, node.GroupId, LibC.AtSymlinkNoFollow);
        var isOwned = ReportOwner(directory, name, owner, problem);
        var path = stackalloc byte[DescriptorPath.MaxLength];
        DescriptorPath.Write(at, name, path);
        var present = new List<ExtendedAttribute>();
        _ = (s_reader ??= new()).Read(at, name, present);
        SetAttributes(directory, name, path, follow: false, present, node, problem);
        if (node.Type != NodeType.Symlink)
            ChangeMode(directory, name, terminated, ModeToSet(node, isOwned), problem);
        var times = stackalloc LibC.TimeSpec[2] { Time(node.AccessTime), Time(node.ModifyTime) };
        if (LibC.SetTimesAt(at, terminated, times, LibC.AtSymlinkNoFollow) != 0)
            problem(directory.Failure("set times of", name, LibC.LastError));
    }

    // chmod(2) follows links: it is done on a descriptor of what is there, if that is no link.
    private static void ChangeMode(
        RestoreDirectory directory,
        ReadOnlySpan<byte> name,
        byte* terminated,
        uint mode,
        Action<LocalFileException> problem
    )
    {
        var pinned = LibC.OpenBeneath(directory.Descriptor, terminated, LibC.PathOnly);
        var errno =
            pinned < 0
                ? LibC.LastError
                : FileStatus.Read(pinned, out var status) switch
                {
                    0 when status.Type == NodeType.Symlink => Errno.SymlinkLoop,
                    var failed => failed,
                };
        if (errno == 0)
        {
            var path = stackalloc byte[DescriptorPath.MaxLength];
            DescriptorPath.Write(pinned, default, path);
            errno = LibC.ChangeMode(path, mode) == 0 ? 0 : LibC.LastError;
        }
        if (pinned >= 0)
            _ = LibC.Close(pinned);
        if (errno != 0)
            problem(directory.Failure("chmod", name, errno));
    }

    // Only root gives files away: for anyone else that is the usual case and no problem.
    private static bool ReportOwner(
        RestoreDirectory directory,
        ReadOnlySpan<byte> name,
        int result,
        Action<LocalFileException> problem
    )
    {
        if (result == 0)
            return true;
        if (LibC.EffectiveUser == 0 || LibC.LastError != Errno.NotPermitted)
            problem(directory.Failure("chown", name, LibC.LastError));
        return false;
    }

    // A set-id program of someone else must not become one of the user who restores it.
    private static uint ModeToSet(Node node, bool isOwned) =>
        isOwned || node.Type == NodeType.Directory ? node.Mode & 0xfff : node.Mode & 0xfff & ~SetIdBits;

    private static void SetAttributes(
        RestoreDirectory directory,
        ReadOnlySpan<byte> name,
        byte* path,
        bool follow,
        List<ExtendedAttribute> present,
        Node node,
        Action<LocalFileException> problem
    )
    {
        var terminated = stackalloc byte[MaxNameLength + 1];
        foreach (var attribute in present)
        {
            // An inherited ACL would grant what the snapshot does not; labels of security modules are the host's own affair.
            if (
                attribute.Name.Span.StartsWith("security."u8)
                || Find(node.ExtendedAttributes, attribute.Name.Span) is not null
            )
                continue;
            LibC.Terminate(attribute.Name.Span, terminated);
            var result = follow
                ? LibC.RemoveAttributeFollowing(path, terminated)
                : LibC.RemoveAttribute(path, terminated);
            if (result != 0 && LibC.LastError != Errno.NoData)
                problem(directory.Failure("remove an attribute of", name, LibC.LastError));
        }
        foreach (var attribute in node.ExtendedAttributes)
        {
            if (attribute.Name.Length is 0 or > MaxNameLength || attribute.Name.Span.Contains((byte)0))
            {
                problem(directory.Failure("set an attribute of", name, Errno.Invalid));
                continue;
            }
            if (Find(present, attribute.Name.Span) is { } old && old.Value.Span.SequenceEqual(attribute.Value.Span))
                continue;
            LibC.Terminate(attribute.Name.Span, terminated);
            fixed (byte* value = attribute.Value.Span)
            {
                var size = (nuint)attribute.Value.Length;
                var result = follow
                    ? LibC.SetAttributeFollowing(path, terminated, value, size, 0)
                    : LibC.SetAttribute(path, terminated, value, size, 0);
                if (result != 0)
                    problem(directory.Failure("set an attribute of", name, LibC.LastError));
            }
        }
    }

    private static ExtendedAttribute? Find(List<ExtendedAttribute> attributes, ReadOnlySpan<byte> name)
    {
        foreach (var attribute in attributes)
            if (attribute.Name.Span.SequenceEqual(name))
                return attribute;
        return null;
    }

    private static LibC.TimeSpec Time(NodeTime time) => new(time.Seconds, Math.Clamp(time.Nanoseconds, 0, 999_999_999));
}
