using System.Buffers;
using System.Globalization;
using System.Text;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Repair;

/// <summary>A tree that is written again with changes: nodes are taken over as they are, or with some of their fields replaced.</summary>
internal sealed class TreeEdit(ReadOnlyMemory<byte> text)
{
    private readonly ArrayBufferWriter<byte> _out = new();
    private bool _hasNodes;

    /// <summary>Some node is not as it was.</summary>
    public bool IsChanged { get; private set; }

    public void Keep(in TreeText node)
    {
        Separate();
        _out.Write(text.Span[node.Node]);
    }

    /// <summary>Gives a file other content, and says why.</summary>
    public void ReplaceContent(in TreeText node, IReadOnlyList<ObjectId> content, long size, string error)
    {
        var ids = "[" + string.Join(',', content.Select(static id => $"\"{id}\"")) + "]";
        Replace(
            node,
            (node.ContentField, "content", ids),
            (node.SizeField, "size", size.ToString(CultureInfo.InvariantCulture)),
            (node.ErrorField, "error", $"\"{error}\"")
        );
    }

    /// <summary>Gives a directory another tree, and says why if it is not what was backed up.</summary>
    public void ReplaceSubtree(in TreeText node, ObjectId subtree, string? error)
    {
        if (error is null)
            Replace(node, (node.SubtreeField, "subtree", $"\"{subtree}\""));
        else
            Replace(node, (node.SubtreeField, "subtree", $"\"{subtree}\""), (node.ErrorField, "error", $"\"{error}\""));
    }

    private void Replace(in TreeText node, params (Range Field, string Name, string Json)[] fields)
    {
        IsChanged = true;
        Separate();
        var (at, end) = (node.Node.Start.Value, node.Node.End.Value);
        foreach (var (field, _, json) in fields.Where(f => !IsMissing(f.Field)).OrderBy(f => f.Field.Start.Value))
        {
            _out.Write(text.Span[at..field.Start.Value]);
            _out.Write(Encoding.ASCII.GetBytes(json));
            at = field.End.Value;
        }
        _out.Write(text.Span[at..(end - 1)]);
        foreach (var (_, name, json) in fields.Where(f => IsMissing(f.Field)))
            _out.Write(Encoding.ASCII.GetBytes($",\"{name}\":{json}"));
        _out.Write("}"u8);
    }

    private static bool IsMissing(Range field) => field.End.Value == 0;

    private void Separate()
    {
        _out.Write(_hasNodes ? ","u8 : "{\"nodes\":["u8);
        _hasNodes = true;
    }

    /// <summary>The whole text, with the line end that belongs to its hash.</summary>
    public byte[] Finish()
    {
        if (!_hasNodes)
            _out.Write("{\"nodes\":["u8);
        _out.Write("]}\n"u8);
        return _out.WrittenSpan.ToArray();
    }
}
