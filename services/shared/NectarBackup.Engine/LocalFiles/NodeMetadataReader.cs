using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Fills nodes with the metadata of local entries. What it fills is valid until the next call: name, target and attributes lie in buffers that are
/// used again. One thread at a time; the account names may be shared.
/// </summary>
/// <param name="accounts">The cache of names.</param>
/// <param name="keepAccessTime">Store the access time; else the modification time stands in its place, as restic does unless told otherwise.</param>
public sealed unsafe class NodeMetadataReader(AccountNames accounts, bool keepAccessTime = false)
{
    private readonly ExtendedAttributeReader _attributes = new();
    private readonly byte[] _name = new byte[BytePath.MaxNameLength];
    private readonly byte[] _target = GC.AllocateUninitializedArray<byte>(BytePath.MaxPathLength + 1, pinned: true);

    /// <summary>Fills the node from an entry that is not open: a directory, a symbolic link, a special file.</summary>
    /// <returns>Null, or why the extended attributes could not be read whole: the node is good without them.</returns>
    /// <exception cref="LocalFileException">The target of a symbolic link cannot be read.</exception>
    public LocalFileException? Fill(Node node, LocalDirectory directory, ReadOnlySpan<byte> name, in FileStatus status)
    {
        FillStatus(node, name, status);
        if (node.Type == NodeType.Symlink)
            node.LinkTarget = ReadLink(directory, name);
        // No file system keeps attributes of users on these, but the ACLs and labels of security modules are there.
        var errno = _attributes.Read(directory.Descriptor, name, node.ExtendedAttributes);
        return errno is 0 or Errno.NoEntry ? null : directory.Failure("read attributes of", name, errno);
    }

    /// <summary>Fills the node from an open file: cheaper, and surely of the file that is read.</summary>
    /// <returns>As the other <c>Fill</c>.</returns>
    public LocalFileException? Fill(Node node, LocalDirectory directory, ReadOnlySpan<byte> name, LocalFile file)
    {
        FillStatus(node, name, file.Opened);
        var errno = _attributes.Read(file.Descriptor, node.ExtendedAttributes);
        return errno == 0 ? null : directory.Failure("read attributes of", name, errno);
    }

    /// <summary>Fills the node from an open directory, under the name that the tree will have it by.</summary>
    /// <returns>As the other <c>Fill</c>.</returns>
    public LocalFileException? Fill(Node node, ReadOnlySpan<byte> name, LocalDirectory directory, in FileStatus status)
    {
        FillStatus(node, name, status);
        var errno = _attributes.Read(directory.Descriptor, node.ExtendedAttributes);
        return errno == 0 ? null : directory.Failure("read attributes of", default, errno);
    }

    /// <summary>Only what the status tells: enough to ask whether an entry is as the parent snapshot has it.</summary>
    public void FillStatus(Node node, ReadOnlySpan<byte> name, in FileStatus status)
    {
        node.Clear();
        name.CopyTo(_name);
        node.Name = _name.AsMemory(0, name.Length);
        node.Type = status.Type;
        node.Mode = status.Mode;
        node.ModifyTime = status.ModifyTime;
        node.AccessTime = keepAccessTime ? status.AccessTime : status.ModifyTime;
        node.ChangeTime = status.ChangeTime;
        node.UserId = status.UserId;
        node.GroupId = status.GroupId;
        node.User = accounts.UserName(status.UserId);
        node.Group = accounts.GroupName(status.GroupId);
        node.Inode = status.Inode;
        node.DeviceId = status.DeviceId;
        node.Size = node.Type == NodeType.File ? (ulong)status.Size : 0;
        node.Links = node.Type == NodeType.Directory ? 0 : status.Links;
        node.Device = status.Device;
    }

    private ReadOnlyMemory<byte> ReadLink(LocalDirectory directory, ReadOnlySpan<byte> name)
    {
        var terminated = stackalloc byte[BytePath.MaxNameLength + 1];
        LibC.Terminate(name, terminated);
        fixed (byte* target = _target)
        {
            var length = LibC.ReadLinkAt(directory.Descriptor, terminated, target, _target.Length);
            if (length >= 0)
                return _target.AsMemory(0, (int)length);
        }
        throw LibC.LastError == Errno.Invalid
            ? new LocalFileException(
                "readlink",
                directory.PathOf(name),
                LocalFileError.Replaced,
                "no longer a symbolic link"
            )
            : directory.Failure("readlink", name, LibC.LastError);
    }
}
