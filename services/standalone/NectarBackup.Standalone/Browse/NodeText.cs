using System.Globalization;
using System.Text;
using System.Text.Json;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Browse;

/// <summary>Entries of snapshots as restic prints them (<c>cmd_ls.go</c>, <c>cmd_find.go</c>, Go's <c>fs.FileMode.String</c>).</summary>
internal static class NodeText
{
    private const string ModeLetters = "dalTLDpSugct?";

    public static string TypeName(NodeType type) =>
        type switch
        {
            NodeType.File => "file",
            NodeType.Directory => "dir",
            NodeType.Symlink => "symlink",
            NodeType.BlockDevice => "dev",
            NodeType.CharDevice => "chardev",
            NodeType.Fifo => "fifo",
            NodeType.Socket => "socket",
            _ => "irregular",
        };

    /// <summary>Type and permissions in letters.</summary>
    public static string Permissions(Node node)
    {
        var mode = GoFileMode.From(node.Type, node.Mode);
        var text = new StringBuilder();
        for (var i = 0; i < ModeLetters.Length; i++)
            if ((mode & 1u << (31 - i)) != 0)
                text.Append(ModeLetters[i]);
        if (text.Length == 0)
            text.Append('-');
        for (var i = 0; i < 9; i++)
            text.Append((mode & 1u << (8 - i)) != 0 ? "rwxrwxrwx"[i] : '-');
        return text.ToString();
    }

    /// <summary>What stands before the path in a long line.</summary>
    public static string LongPrefix(Node node, bool isHuman)
    {
        var size = isHuman ? Amounts.Bytes(node.Size) : node.Size.ToString(CultureInfo.InvariantCulture);
        return $"{Permissions(node)} {node.UserId, 5} {node.GroupId, 5} {size, 6} {Times.Show(node.ModifyTime)} ";
    }

    /// <summary>What stands behind it: where a link leads to.</summary>
    public static string LongSuffix(Node node) =>
        node.Type == NodeType.Symlink ? $" -> {Engine.LocalFiles.BytePath.Display(node.LinkTarget.Span)}" : "";

    /// <summary>The node as <c>ls --json</c> has it.</summary>
    public static void WriteListed(Utf8JsonWriter to, Node node, ReadOnlySpan<byte> path)
    {
        to.WriteStartObject();
        to.WriteString("name", Text(node.Name.Span));
        to.WriteString("type", TypeName(node.Type));
        to.WriteString("path", Text(path));
        to.WriteNumber("uid", node.UserId);
        to.WriteNumber("gid", node.GroupId);
        if (node.Type == NodeType.File)
            to.WriteNumber("size", node.Size);
        to.WriteNumber("mode", GoFileMode.From(node.Type, node.Mode));
        to.WriteString("permissions", Permissions(node));
        WriteTimes(to, node);
        if (node.Inode != 0)
            to.WriteNumber("inode", node.Inode);
        to.WriteString("message_type", "node");
        to.WriteString("struct_type", "node");
        to.WriteEndObject();
    }

    /// <summary>The node as <c>find --json</c> has it.</summary>
    public static void WriteFound(Utf8JsonWriter to, Node node, ReadOnlySpan<byte> path)
    {
        to.WriteStartObject();
        to.WriteString("path", Text(path));
        to.WriteString("permissions", Permissions(node));
        to.WriteString("type", TypeName(node.Type));
        to.WriteNumber("mode", GoFileMode.From(node.Type, node.Mode));
        WriteTimes(to, node);
        to.WriteNumber("uid", node.UserId);
        to.WriteNumber("gid", node.GroupId);
        if (node.User.Length > 0)
            to.WriteString("user", node.User);
        if (node.Group.Length > 0)
            to.WriteString("group", node.Group);
        WriteUnlessZero(to, "inode", node.Inode);
        WriteUnlessZero(to, "device_id", node.DeviceId);
        WriteUnlessZero(to, "size", node.Size);
        WriteUnlessZero(to, "links", node.Links);
        if (node.LinkTarget.Length > 0)
            to.WriteString("linktarget", Text(node.LinkTarget.Span));
        WriteUnlessZero(to, "device", node.Device);
        to.WriteEndObject();
    }

    /// <summary>JSON is Unicode: bytes that are not become U+FFFD, as in restic's output.</summary>
    public static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);

    private static void WriteTimes(Utf8JsonWriter to, Node node)
    {
        to.WriteString("mtime", Times.Rfc3339(node.ModifyTime));
        to.WriteString("atime", Times.Rfc3339(node.AccessTime));
        to.WriteString("ctime", Times.Rfc3339(node.ChangeTime));
    }

    private static void WriteUnlessZero(Utf8JsonWriter to, string name, ulong value)
    {
        if (value != 0)
            to.WriteNumber(name, value);
    }
}
