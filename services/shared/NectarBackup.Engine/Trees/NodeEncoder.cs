using System.Buffers;
using System.Buffers.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// Writes nodes byte for byte as restic does for the same metadata in UTC, so that both deduplicate each other's trees
/// (restic <c>data/node.go:Node</c>: order of fields, and which are left out when empty).
/// </summary>
public static class NodeEncoder
{
    // All keys, the longest type, three times and eight numbers of 20 digits need less than 450 bytes.
    private const int FixedBytes = 512;
    private const int QuoteOnStack = 1024;

    /// <summary>
    /// Writes from <c>{"name":</c> up to and including <c>,"content":</c>. The caller goes on with the content (<see cref="WriteContent"/>,
    /// or an array it has), and ends the node with <see cref="WriteEnd"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The node has no type, or a nanosecond is not below 10^9; nothing was written.</exception>
    public static void WriteHead(ArrayBufferWriter<byte> to, Node node)
    {
        var type = TypeText(node.Type);
        var name = node.Name.Span;
        var link = node.Type == NodeType.Symlink ? node.LinkTarget.Span : default;
        CheckTime(node.ModifyTime);
        CheckTime(node.AccessTime);
        CheckTime(node.ChangeTime);
        var bound = checked(
            FixedBytes
            + name.Length * GoJson.MaxExpansion
            + (node.User.Length + node.Group.Length) * GoJson.MaxExpansion
            + link.Length * (GoJson.MaxExpansion + 2)
        );

        var text = new TextCursor(to.GetSpan(bound));
        text.Put("{\"name\":\""u8);
        if (GoJson.IsPlain(name) && GoQuote.IsPlain(name))
            text.Put(name);
        else
            PutQuoted(ref text, name);
        text.Put("\",\"type\":\""u8);
        text.Put(type);
        text.Put((byte)'"');
        text.PutUnlessZero(",\"mode\":"u8, GoFileMode.From(node.Type, node.Mode));
        text.Put(",\"mtime\":\""u8);
        text.Put(node.ModifyTime);
        text.Put("\",\"atime\":\""u8);
        text.Put(node.AccessTime);
        text.Put("\",\"ctime\":\""u8);
        text.Put(node.ChangeTime);
        text.Put("\",\"uid\":"u8);
        text.Put(node.UserId);
        text.Put(",\"gid\":"u8);
        text.Put(node.GroupId);
        text.PutUnlessEmpty(",\"user\":\""u8, node.User);
        text.PutUnlessEmpty(",\"group\":\""u8, node.Group);
        text.PutUnlessZero(",\"inode\":"u8, node.Inode);
        text.PutUnlessZero(",\"device_id\":"u8, node.DeviceId);
        if (node.Type == NodeType.File)
            text.PutUnlessZero(",\"size\":"u8, node.Size);
        if (node.Type is NodeType.File or NodeType.Symlink or NodeType.BlockDevice or NodeType.CharDevice)
            text.PutUnlessZero(",\"links\":"u8, node.Links);
        if (!link.IsEmpty)
            PutLink(ref text, link);
        if (node.ExtendedAttributes.Count > 0)
        {
            to.Advance(text.At);
            WriteAttributes(to, node.ExtendedAttributes);
            text = new TextCursor(to.GetSpan(FixedBytes));
        }
        if (node.Type is NodeType.BlockDevice or NodeType.CharDevice)
            text.PutUnlessZero(",\"device\":"u8, node.Device);
        text.Put(",\"content\":"u8);
        to.Advance(text.At);
    }

    /// <summary>Writes content, subtree, error and the closing brace: all that <see cref="WriteHead"/> leaves.</summary>
    /// <param name="content">The ids of a file's chunks; must be empty for all else, for which <c>null</c> is written.</param>
    public static void WriteTail(ArrayBufferWriter<byte> to, Node node, ReadOnlySpan<ObjectId> content)
    {
        if (node.Type == NodeType.File)
            WriteContent(to, content);
        else
            to.Write("null"u8);
        WriteEnd(to, node);
    }

    /// <summary>Writes a JSON array of ids.</summary>
    public static void WriteContent(ArrayBufferWriter<byte> to, ReadOnlySpan<ObjectId> content)
    {
        const int idBytes = ObjectId.HexLength + 3;
        var text = new TextCursor(to.GetSpan(checked(2 + content.Length * idBytes)));
        text.Put((byte)'[');
        for (var i = 0; i < content.Length; i++)
        {
            text.Put(i == 0 ? "\""u8 : ",\""u8);
            text.Put(content[i]);
            text.Put((byte)'"');
        }
        text.Put((byte)']');
        to.Advance(text.At);
    }

    /// <summary>Writes what follows the content: the subtree, the error, and the closing brace.</summary>
    public static void WriteEnd(ArrayBufferWriter<byte> to, Node node)
    {
        var error = node.Error ?? "";
        var text = new TextCursor(to.GetSpan(checked(FixedBytes + error.Length * GoJson.MaxExpansion)));
        if (node.Subtree is { } subtree)
        {
            text.Put(",\"subtree\":\""u8);
            text.Put(subtree);
            text.Put((byte)'"');
        }
        text.PutUnlessEmpty(",\"error\":\""u8, error);
        text.Put((byte)'}');
        to.Advance(text.At);
    }

    private static void PutQuoted(ref TextCursor text, ReadOnlySpan<byte> name)
    {
        var size = name.Length * GoQuote.MaxExpansion;
        var quoted = size <= QuoteOnStack ? stackalloc byte[QuoteOnStack] : new byte[size];
        text.PutEscaped(quoted[..GoQuote.Quote(name, quoted)]);
    }

    // A target that is not UTF-8 is written twice: lossy for restic up to 0.15, and exact.
    private static void PutLink(ref TextCursor text, ReadOnlySpan<byte> link)
    {
        text.Put(",\"linktarget\":\""u8);
        text.PutEscaped(link);
        text.Put((byte)'"');
        if (System.Text.Unicode.Utf8.IsValid(link))
            return;
        text.Put(",\"linktarget_raw\":\""u8);
        text.PutBase64(link);
        text.Put((byte)'"');
    }

    private static void WriteAttributes(ArrayBufferWriter<byte> to, List<ExtendedAttribute> attributes)
    {
        to.Write(",\"extended_attributes\":["u8);
        for (var i = 0; i < attributes.Count; i++)
        {
            var (name, value) = attributes[i];
            var bound = checked(
                64 + name.Length * GoJson.MaxExpansion + Base64.GetMaxEncodedToUtf8Length(value.Length)
            );
            var text = new TextCursor(to.GetSpan(bound));
            text.Put(i == 0 ? "{\"name\":\""u8 : ",{\"name\":\""u8);
            text.PutEscaped(name.Span);
            text.Put("\",\"value\":\""u8);
            text.PutBase64(value.Span);
            text.Put("\"}"u8);
            to.Advance(text.At);
        }
        to.Write("]"u8);
    }

    private static void CheckTime(NodeTime time)
    {
        if ((uint)time.Nanoseconds >= 1_000_000_000)
            throw new ArgumentException($"A time has 0 to 999999999 nanoseconds, not {time.Nanoseconds}.");
    }

    private static ReadOnlySpan<byte> TypeText(NodeType type) =>
        type switch
        {
            NodeType.File => "file"u8,
            NodeType.Directory => "dir"u8,
            NodeType.Symlink => "symlink"u8,
            NodeType.BlockDevice => "dev"u8,
            NodeType.CharDevice => "chardev"u8,
            NodeType.Fifo => "fifo"u8,
            NodeType.Socket => "socket"u8,
            _ => throw new ArgumentException("A node of unknown type cannot be written.", nameof(type)),
        };
}
