using System.Buffers;
using System.Collections.Concurrent;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Restore;

/// <summary>Nodes that outlive the step of the walk they came from: copies without the content's ids, used again and again.</summary>
internal sealed class NodeCopies
{
    private readonly ConcurrentBag<Node> _free = [];

    public Node Copy(Node from)
    {
        if (!_free.TryTake(out var copy))
            copy = new Node();
        copy.Name = from.Name.ToArray();
        copy.Type = from.Type;
        copy.Mode = from.Mode;
        copy.ModifyTime = from.ModifyTime;
        copy.AccessTime = from.AccessTime;
        copy.ChangeTime = from.ChangeTime;
        copy.UserId = from.UserId;
        copy.GroupId = from.GroupId;
        copy.User = from.User;
        copy.Group = from.Group;
        copy.Inode = from.Inode;
        copy.DeviceId = from.DeviceId;
        copy.Size = from.Size;
        copy.Links = from.Links;
        copy.Device = from.Device;
        copy.LinkTarget = from.LinkTarget.ToArray();
        foreach (var attribute in from.ExtendedAttributes)
            copy.ExtendedAttributes.Add(new ExtendedAttribute(attribute.Name.ToArray(), attribute.Value.ToArray()));
        return copy;
    }

    /// <summary>Takes a copy back that nobody uses any more.</summary>
    public void Return(Node copy)
    {
        copy.Clear();
        _free.Add(copy);
    }
}
