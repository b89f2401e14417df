using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>Fills nodes from their text, one after the other: what one said, the next mostly says again.</summary>
internal sealed class NodeParser(ReadOnlyMemory<byte> json)
{
    private const int MaxTextLength = 65_536;

    private readonly NodeBytes _bytes = new(json);
    private NodeTime _time;
    private (int Start, int Length) _timeText;

    /// <summary>Where the content of the node last read is written; (0, 0) if it has none.</summary>
    public (int Start, int End) Content { get; private set; }

    /// <summary>Clears a node and fills it.</summary>
    public void Read(ref TreeScanner scan, Node node)
    {
        // Names of owners come in runs of the same few, mostly those of the node before.
        var (user, group) = (node.User, node.Group);
        node.Clear();
        _bytes.Clear();
        Content = default;
        scan.Take((byte)'{');
        if (scan.TryTake((byte)'}'))
            return;
        var rawTarget = false;
        var field = NodeField.Name;
        do
        {
            field = NodeFields.Take(ref scan, field);
            switch (field)
            {
                case NodeField.Name:
                    node.Name = _bytes.Name(ref scan);
                    break;
                case NodeField.Type:
                    node.Type = Type(ref scan);
                    break;
                case NodeField.Mode:
                    node.Mode = GoFileMode.ToUnix((uint)Number(ref scan, uint.MaxValue));
                    break;
                case NodeField.ModifyTime:
                    node.ModifyTime = Time(ref scan);
                    break;
                case NodeField.AccessTime:
                    node.AccessTime = Time(ref scan);
                    break;
                case NodeField.ChangeTime:
                    node.ChangeTime = Time(ref scan);
                    break;
                case NodeField.UserId:
                    node.UserId = (uint)Number(ref scan, uint.MaxValue);
                    break;
                case NodeField.GroupId:
                    node.GroupId = (uint)Number(ref scan, uint.MaxValue);
                    break;
                case NodeField.User:
                    node.User = Text(ref scan, user);
                    break;
                case NodeField.Group:
                    node.Group = Text(ref scan, group);
                    break;
                case NodeField.Inode:
                    node.Inode = Number(ref scan, ulong.MaxValue);
                    break;
                case NodeField.DeviceId:
                    node.DeviceId = Number(ref scan, ulong.MaxValue);
                    break;
                case NodeField.Size:
                    node.Size = Number(ref scan, ulong.MaxValue);
                    break;
                case NodeField.Links:
                    node.Links = Number(ref scan, ulong.MaxValue);
                    break;
                case NodeField.LinkTarget:
                    var target = _bytes.LinkTarget(ref scan);
                    if (!rawTarget)
                        node.LinkTarget = target;
                    break;
                case NodeField.LinkTargetRaw:
                    var raw = _bytes.RawLinkTarget(ref scan);
                    if (raw.IsEmpty)
                        break;
                    rawTarget = true;
                    node.LinkTarget = raw;
                    break;
                case NodeField.ExtendedAttributes:
                    _bytes.Attributes(ref scan, node.ExtendedAttributes);
                    break;
                case NodeField.Device:
                    node.Device = Number(ref scan, ulong.MaxValue);
                    break;
                case NodeField.Content:
                    ReadContent(ref scan, node);
                    break;
                case NodeField.Subtree:
                    node.Subtree = scan.TryTakeNull() ? null : Id(ref scan);
                    break;
                case NodeField.Error:
                    node.Error = scan.TryTakeNull() ? null : Text(ref scan, "");
                    break;
                default:
                    scan.SkipValue(3);
                    field = NodeField.Name;
                    break;
            }
        } while (scan.TryTake((byte)','));
        scan.Take((byte)'}');
    }

    private void ReadContent(ref TreeScanner scan, Node node)
    {
        node.Content.ResetWrittenCount();
        scan.SkipSpace();
        var start = scan.At;
        if (!scan.TryTakeNull())
        {
            scan.Take((byte)'[');
            if (!scan.TryTake((byte)']'))
            {
                do
                {
                    node.Content.GetSpan(1)[0] = Id(ref scan);
                    node.Content.Advance(1);
                } while (scan.TryTake((byte)','));
                scan.Take((byte)']');
            }
        }
        Content = (start, scan.At);
    }

    private static ulong Number(ref TreeScanner scan, ulong max) => scan.TryTakeNull() ? 0 : scan.TakeNumber(max);

    private static NodeType Type(ref TreeScanner scan)
    {
        if (scan.TryTakeNull())
            return NodeType.Unknown;
        var type = scan.TakeWordString();
        return type.SequenceEqual("file"u8) ? NodeType.File
            : type.SequenceEqual("dir"u8) ? NodeType.Directory
            : type.SequenceEqual("symlink"u8) ? NodeType.Symlink
            : type.SequenceEqual("dev"u8) ? NodeType.BlockDevice
            : type.SequenceEqual("chardev"u8) ? NodeType.CharDevice
            : type.SequenceEqual("fifo"u8) ? NodeType.Fifo
            : type.SequenceEqual("socket"u8) ? NodeType.Socket
            : NodeType.Unknown;
    }

    private NodeTime Time(ref TreeScanner scan)
    {
        if (scan.TryTakeNull())
            return default;
        var text = scan.TakeWordString();
        var start = scan.At - 1 - text.Length;
        if (text.Length > 0 && text.SequenceEqual(json.Span.Slice(_timeText.Start, _timeText.Length)))
            return _time;
        if (!Rfc3339.TryParse(text, out var seconds, out var nanoseconds, out _))
            throw scan.Damaged("a time is not in the form of RFC 3339");
        _timeText = (start, text.Length);
        return _time = new NodeTime(seconds, nanoseconds);
    }

    private static ObjectId Id(ref TreeScanner scan) =>
        ObjectId.TryParse(scan.TakeWordString(), out var id) ? id : throw scan.Damaged("an id is no 64 hex digits");

    private static string Text(ref TreeScanner scan, string likely)
    {
        if (scan.TryTakeNull())
            return "";
        var raw = scan.TakeString(out _, out var escaped);
        if (raw.Length > MaxTextLength)
            throw scan.Damaged("a text is too long");
        if (!escaped)
            return Ascii.Equals(raw, likely) ? likely : OwnerNames.Get(raw);
        var bytes = new byte[raw.Length];
        return Encoding.UTF8.GetString(bytes, 0, scan.Unescape(raw, bytes));
    }
}
