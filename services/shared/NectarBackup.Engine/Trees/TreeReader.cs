using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// A forward cursor over the nodes of a tree (restic <c>data/tree.go:Tree</c>). Order of fields and unknown fields do not matter. Whatever
/// is wrong with the text is a <see cref="RepositoryError.Damaged"/> error that names the tree.
/// </summary>
/// <param name="json">The decoded tree blob; the nodes' names point into it, so it must not change while they are used.</param>
/// <param name="what">The tree in words, for errors: "tree 1a2b3c4d".</param>
/// <param name="strict">
/// Raise an error for unsafe names, wrong order, repeated names, files without content and directories without tree. Otherwise such nodes
/// are given out: repositories of old programs hold some.
/// </param>
public sealed class TreeReader(ReadOnlyMemory<byte> json, string what, bool strict = false)
{
    /// <summary>Bytes of the longest name that is read. File systems allow 255, object stores 1024.</summary>
    public const int MaxNameLength = 4096;

    /// <summary>Bytes of the longest target of a symbolic link that is read. Linux allows 4095.</summary>
    public const int MaxLinkTargetLength = 65_536;

    private const int MaxTextLength = 65_536;
    private static readonly byte[] Null = [.. "null"u8];
    private byte[] _scratch = [];
    private byte[] _previous = [];
    private int _scratchUsed;
    private int _previousLength = -1;
    private int _at;
    private State _state;
    private (int Start, int End) _content,
        _node;

    private enum State
    {
        Start,
        First,
        Later,
        End,
    }

    /// <summary>Whether all nodes read so far came in strictly ascending order of their raw names.</summary>
    public bool IsSorted { get; private set; } = true;

    /// <summary>The node last read as it is written, braces included.</summary>
    public ReadOnlySpan<byte> NodeJson => json.Span[_node.Start.._node.End];

    /// <summary>The content of the node last read as it is written: an array, or <c>null</c>, also if the node has none.</summary>
    public ReadOnlyMemory<byte> ContentJson => _content.End == 0 ? Null : json[_content.Start.._content.End];

    /// <summary>Whether a name is one path component, so that it cannot lead out of the directory it is restored to.</summary>
    public static bool IsSafeName(ReadOnlySpan<byte> name) =>
        !name.IsEmpty
        && !name.SequenceEqual("."u8)
        && !name.SequenceEqual(".."u8)
        && !name.ContainsAny((byte)'/', (byte)0);

    /// <summary>Clears <paramref name="node"/> and fills it from the next node.</summary>
    /// <returns>False after the last node; only then the whole text is known to be sound.</returns>
    /// <exception cref="RepositoryException"><see cref="RepositoryError.Damaged"/>.</exception>
    public bool Read(Node node)
    {
        var scan = new TreeScanner(json.Span, _at, what);
        if (_state == State.Start)
            FindNodes(ref scan);
        if (_state == State.End)
            return false;
        if (_state == State.First ? scan.TryTake((byte)']') : !scan.TryTake((byte)','))
        {
            if (_state == State.Later)
                scan.Take((byte)']');
            FinishObject(ref scan, afterField: true);
            return false;
        }

        // Names come in runs of the same few, mostly that of the node before.
        var (user, group) = (node.User, node.Group);
        node.Clear();
        _scratchUsed = 0;
        _content = default;
        scan.SkipSpace();
        var start = scan.At;
        ReadNode(ref scan, node, user, group);
        _node = (start, scan.At);
        Check(scan, node);
        _state = State.Later;
        _at = scan.At;
        return true;
    }

    private void FindNodes(ref TreeScanner scan)
    {
        scan.Take((byte)'{');
        if (scan.TryTake((byte)'}'))
            throw scan.Damaged("'nodes' is missing");
        do
        {
            var key = scan.TakeWordString();
            scan.Take((byte)':');
            if (!key.SequenceEqual("nodes"u8))
            {
                scan.SkipValue(1);
                continue;
            }
            if (scan.TryTakeNull())
                FinishObject(ref scan, afterField: true);
            else
            {
                scan.Take((byte)'[');
                _state = State.First;
                _at = scan.At;
            }
            return;
        } while (scan.TryTake((byte)','));
        throw scan.Damaged("'nodes' is missing");
    }

    private void FinishObject(ref TreeScanner scan, bool afterField)
    {
        while (afterField && scan.TryTake((byte)','))
        {
            if (scan.TakeWordString().SequenceEqual("nodes"u8))
                throw scan.Damaged("'nodes' comes twice");
            scan.Take((byte)':');
            scan.SkipValue(1);
        }
        scan.Take((byte)'}');
        scan.SkipSpace();
        if (!scan.AtEnd)
            throw scan.Damaged("more text follows the end");
        _state = State.End;
    }

    private void ReadNode(ref TreeScanner scan, Node node, string user, string group)
    {
        scan.Take((byte)'{');
        if (scan.TryTake((byte)'}'))
            return;
        var rawTarget = false;
        do
        {
            var key = scan.TakeWordString();
            scan.Take((byte)':');
            var handled = key.Length switch
            {
                3 => ReadOwner(ref scan, node, key),
                4 => ReadShort(ref scan, node, key, user),
                5 => ReadFive(ref scan, node, key, group),
                _ => ReadLong(ref scan, node, key, ref rawTarget),
            };
            if (!handled)
                scan.SkipValue(3);
        } while (scan.TryTake((byte)','));
        scan.Take((byte)'}');
    }

    private static bool ReadOwner(ref TreeScanner scan, Node node, ReadOnlySpan<byte> key)
    {
        if (key.SequenceEqual("uid"u8))
            node.UserId = (uint)Number(ref scan, uint.MaxValue);
        else if (key.SequenceEqual("gid"u8))
            node.GroupId = (uint)Number(ref scan, uint.MaxValue);
        else
            return false;
        return true;
    }

    private bool ReadShort(ref TreeScanner scan, Node node, ReadOnlySpan<byte> key, string user)
    {
        if (key.SequenceEqual("name"u8))
            node.Name = Name(ref scan);
        else if (key.SequenceEqual("type"u8))
            node.Type = Type(ref scan);
        else if (key.SequenceEqual("mode"u8))
            node.Mode = GoFileMode.ToUnix((uint)Number(ref scan, uint.MaxValue));
        else if (key.SequenceEqual("user"u8))
            node.User = Text(ref scan, user);
        else if (key.SequenceEqual("size"u8))
            node.Size = Number(ref scan, ulong.MaxValue);
        else
            return false;
        return true;
    }

    private static bool ReadFive(ref TreeScanner scan, Node node, ReadOnlySpan<byte> key, string group)
    {
        if (key.SequenceEqual("mtime"u8))
            node.ModifyTime = Time(ref scan);
        else if (key.SequenceEqual("atime"u8))
            node.AccessTime = Time(ref scan);
        else if (key.SequenceEqual("ctime"u8))
            node.ChangeTime = Time(ref scan);
        else if (key.SequenceEqual("group"u8))
            node.Group = Text(ref scan, group);
        else if (key.SequenceEqual("inode"u8))
            node.Inode = Number(ref scan, ulong.MaxValue);
        else if (key.SequenceEqual("links"u8))
            node.Links = Number(ref scan, ulong.MaxValue);
        else if (key.SequenceEqual("error"u8))
            node.Error = scan.TryTakeNull() ? null : Text(ref scan, "");
        else
            return false;
        return true;
    }

    private bool ReadLong(ref TreeScanner scan, Node node, ReadOnlySpan<byte> key, ref bool rawTarget)
    {
        if (key.SequenceEqual("content"u8))
            ReadContent(ref scan, node);
        else if (key.SequenceEqual("subtree"u8))
            node.Subtree = scan.TryTakeNull() ? null : Id(ref scan);
        else if (key.SequenceEqual("device_id"u8))
            node.DeviceId = Number(ref scan, ulong.MaxValue);
        else if (key.SequenceEqual("device"u8))
            node.Device = Number(ref scan, ulong.MaxValue);
        else if (key.SequenceEqual("linktarget"u8))
        {
            var target = Bytes(ref scan, MaxLinkTargetLength, "link target");
            if (!rawTarget)
                node.LinkTarget = target;
        }
        else if (key.SequenceEqual("linktarget_raw"u8))
        {
            var target = Base64Bytes(ref scan);
            if (target.Length > MaxLinkTargetLength)
                throw scan.Damaged("a link target is too long");
            if (target.IsEmpty)
                return true;
            rawTarget = true;
            node.LinkTarget = target;
        }
        else if (key.SequenceEqual("extended_attributes"u8))
            ReadAttributes(ref scan, node);
        else
            return false;
        return true;
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
        _content = (start, scan.At);
    }

    private void ReadAttributes(ref TreeScanner scan, Node node)
    {
        node.ExtendedAttributes.Clear();
        if (scan.TryTakeNull())
            return;
        scan.Take((byte)'[');
        if (scan.TryTake((byte)']'))
            return;
        do
        {
            ReadOnlyMemory<byte> name = default,
                value = default;
            scan.Take((byte)'{');
            if (!scan.TryTake((byte)'}'))
            {
                do
                {
                    var key = scan.TakeWordString();
                    scan.Take((byte)':');
                    if (key.SequenceEqual("name"u8))
                        name = Bytes(ref scan, MaxTextLength, "attribute's name");
                    else if (key.SequenceEqual("value"u8))
                        value = Base64Bytes(ref scan);
                    else
                        scan.SkipValue(5);
                } while (scan.TryTake((byte)','));
                scan.Take((byte)'}');
            }
            node.ExtendedAttributes.Add(new ExtendedAttribute(name, value));
        } while (scan.TryTake((byte)','));
        scan.Take((byte)']');
    }

    private void Check(in TreeScanner scan, Node node)
    {
        var name = node.Name.Span;
        if (_previousLength >= 0 && _previous.AsSpan(0, _previousLength).SequenceCompareTo(name) >= 0)
            IsSorted = false;
        if (_previous.Length < name.Length)
            _previous = new byte[Math.Max(256, name.Length)];
        name.CopyTo(_previous);
        _previousLength = name.Length;
        if (!strict)
            return;
        if (!IsSafeName(name))
            throw scan.Damaged("a name is no path component");
        if (!IsSorted)
            throw scan.Damaged("names are not in ascending order");
        if (node.Type == NodeType.File && ContentJson.Span[0] == 'n')
            throw scan.Damaged("a file has no content");
        if (node.Type == NodeType.Directory && node.Subtree is null)
            throw scan.Damaged("a directory has no tree");
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

    private static NodeTime Time(ref TreeScanner scan)
    {
        if (scan.TryTakeNull())
            return default;
        return Rfc3339.TryParse(scan.TakeWordString(), out var seconds, out var nanoseconds, out _)
            ? new NodeTime(seconds, nanoseconds)
            : throw scan.Damaged("a time is not in the form of RFC 3339");
    }

    private static ObjectId Id(ref TreeScanner scan) =>
        ObjectId.TryParse(scan.TakeWordString(), out var id) ? id : throw scan.Damaged("an id is no 64 hex digits");

    private ReadOnlyMemory<byte> Name(ref TreeScanner scan)
    {
        var quoted = Bytes(ref scan, MaxNameLength * GoQuote.MaxExpansion, "name");
        if (quoted.Span.Contains((byte)'\\') || quoted.Span.ContainsAny((byte)'"', (byte)'\n'))
        {
            // Only a text with escapes, which already lies in the scratch, can hold these.
            var start = _scratchUsed - quoted.Length;
            if (!GoQuote.TryUnquote(quoted.Span, _scratch.AsSpan(start), out var length))
                throw scan.Damaged("a name is not quoted as Go does");
            quoted = _scratch.AsMemory(start, length);
        }
        return quoted.Length <= MaxNameLength ? quoted : throw scan.Damaged("a name is too long");
    }

    private ReadOnlyMemory<byte> Bytes(ref TreeScanner scan, int max, string kind)
    {
        if (scan.TryTakeNull())
            return default;
        var raw = scan.TakeString(out var start, out var escaped);
        if (raw.Length > (escaped ? (long)max * GoJson.MaxExpansion : max))
            throw scan.Damaged($"a {kind} is too long");
        if (!escaped)
            return json.Slice(start, raw.Length);
        var to = Scratch(raw.Length);
        var length = scan.Unescape(raw, to.Span);
        if (length > max)
            throw scan.Damaged($"a {kind} is too long");
        _scratchUsed -= to.Length - length;
        return to[..length];
    }

    private ReadOnlyMemory<byte> Base64Bytes(ref TreeScanner scan)
    {
        if (scan.TryTakeNull())
            return default;
        var raw = scan.TakeString(out _, out _);
        var to = Scratch(Base64.GetMaxDecodedFromUtf8Length(raw.Length));
        if (Base64.DecodeFromUtf8(raw, to.Span, out _, out var length) != OperationStatus.Done)
            throw scan.Damaged("a value is not base64");
        _scratchUsed -= to.Length - length;
        return to[..length];
    }

    private Memory<byte> Scratch(int length)
    {
        // An array that turns out too small stays alive in the node that points into it.
        if (_scratch.Length - _scratchUsed < length)
        {
            _scratch = new byte[Math.Max(length, Math.Max(512, _scratch.Length * 2))];
            _scratchUsed = 0;
        }
        _scratchUsed += length;
        return _scratch.AsMemory(_scratchUsed - length, length);
    }

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
