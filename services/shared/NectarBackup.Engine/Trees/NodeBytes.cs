using System.Buffers;
using System.Buffers.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>
/// Reads what are bytes in the file system: names, targets of links, attributes. They point into the tree's text where that has no escapes, else
/// into memory that the next node overwrites.
/// </summary>
internal sealed class NodeBytes(ReadOnlyMemory<byte> json)
{
    private const int MaxAttributeNameLength = 65_536;

    private byte[] _scratch = [];
    private int _scratchUsed;

    /// <summary>Gives up what was read before.</summary>
    public void Clear() => _scratchUsed = 0;

    public ReadOnlyMemory<byte> Name(ref TreeScanner scan)
    {
        var quoted = Bytes(ref scan, TreeReader.MaxNameLength * GoQuote.MaxExpansion, "name");
        if (quoted.Span.Contains((byte)'\\') || quoted.Span.ContainsAny((byte)'"', (byte)'\n'))
        {
            // Only a text with escapes, which already lies in the scratch, can hold these.
            var start = _scratchUsed - quoted.Length;
            if (!GoQuote.TryUnquote(quoted.Span, _scratch.AsSpan(start), out var length))
                throw scan.Damaged("a name is not quoted as Go does");
            quoted = _scratch.AsMemory(start, length);
        }
        return quoted.Length <= TreeReader.MaxNameLength ? quoted : throw scan.Damaged("a name is too long");
    }

    public ReadOnlyMemory<byte> LinkTarget(ref TreeScanner scan) =>
        Bytes(ref scan, TreeReader.MaxLinkTargetLength, "link target");

    /// <summary>A target that is not UTF-8, in base64.</summary>
    public ReadOnlyMemory<byte> RawLinkTarget(ref TreeScanner scan)
    {
        var target = Base64Bytes(ref scan);
        return target.Length <= TreeReader.MaxLinkTargetLength
            ? target
            : throw scan.Damaged("a link target is too long");
    }

    public void Attributes(ref TreeScanner scan, List<ExtendedAttribute> attributes)
    {
        attributes.Clear();
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
                    var key = scan.TakeString(out _, out _);
                    scan.Take((byte)':');
                    if (key.SequenceEqual("name"u8))
                        name = Bytes(ref scan, MaxAttributeNameLength, "attribute's name");
                    else if (key.SequenceEqual("value"u8))
                        value = Base64Bytes(ref scan);
                    else
                        scan.SkipValue(5);
                } while (scan.TryTake((byte)','));
                scan.Take((byte)'}');
            }
            attributes.Add(new ExtendedAttribute(name, value));
        } while (scan.TryTake((byte)','));
        scan.Take((byte)']');
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
        var raw = scan.TakeString(out _, out var escaped);
        if (escaped)
        {
            // Go never escapes base64, but other JSON writers do so with '+' and '/'.
            var text = Scratch(raw.Length);
            raw = text.Span[..scan.Unescape(raw, text.Span)];
        }
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
}
