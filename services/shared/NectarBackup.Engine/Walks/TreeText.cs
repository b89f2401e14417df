using System.Buffers;
using System.Text.Json;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Walks;

/// <summary>
/// Goes through a tree's JSON for what it refers to (restic design: "Trees and Data"): name, type, content and subtree of each node, and where they stand in
/// the text, so that a tree can be changed without touching what is not understood here. Everything else is passed over.
/// </summary>
internal ref struct TreeText
{
    private readonly ArrayBufferWriter<ObjectId> _content;
    private readonly ObjectId _tree;
    private Utf8JsonReader _json;
    private bool _atEnd;

    /// <param name="text">The tree's JSON.</param>
    /// <param name="content">Filled with each node's content.</param>
    /// <param name="tree">For messages.</param>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public TreeText(ReadOnlySpan<byte> text, ArrayBufferWriter<ObjectId> content, ObjectId tree)
    {
        _content = content;
        _tree = tree;
        _json = new Utf8JsonReader(text);
        try
        {
            Expect(JsonTokenType.StartObject);
            while (true)
            {
                Next();
                if (_json.TokenType == JsonTokenType.EndObject)
                    throw new JsonException("it has no nodes");
                var isNodes = _json.ValueTextEquals("nodes"u8);
                Next();
                if (!isNodes)
                {
                    _json.Skip();
                    continue;
                }
                _atEnd = _json.TokenType == JsonTokenType.Null;
                if (!_atEnd && _json.TokenType != JsonTokenType.StartArray)
                    throw new JsonException("its nodes are no array");
                NodesAt = _json.BytesConsumed;
                return;
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Bad(e);
        }
    }

    /// <summary>Where the nodes begin, in bytes.</summary>
    public long NodesAt { get; private set; }

    /// <summary>The name as the JSON has it, without quotes.</summary>
    public ReadOnlySpan<byte> NameText { get; private set; }

    public NodeKind Kind { get; private set; }

    /// <summary>The node has an array of content, if only an empty one.</summary>
    public bool HasContent { get; private set; }

    public ObjectId? Subtree { get; private set; }

    /// <summary>Where the node, and the values of its fields, stand in the text; empty for a field that is missing.</summary>
    public Range Node { get; private set; }

    public Range ContentField { get; private set; }

    public Range SubtreeField { get; private set; }

    public Range SizeField { get; private set; }

    public Range ErrorField { get; private set; }

    /// <summary>Goes to the next node.</summary>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public bool Read()
    {
        if (_atEnd)
            return false;
        try
        {
            Next();
            if (_json.TokenType == JsonTokenType.EndArray)
            {
                _atEnd = true;
                while (_json.Read()) { } // to the end, so that a text that is cut off is noticed
                return false;
            }
            if (_json.TokenType != JsonTokenType.StartObject)
                throw new JsonException("a node is no object");
            ReadNode();
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Bad(e);
        }
    }

    private void ReadNode()
    {
        var start = (int)_json.TokenStartIndex;
        NameText = default;
        Kind = NodeKind.Invalid;
        HasContent = false;
        Subtree = null;
        ContentField = SubtreeField = SizeField = ErrorField = default;
        _content.ResetWrittenCount();
        for (Next(); _json.TokenType != JsonTokenType.EndObject; Next())
        {
            if (_json.ValueTextEquals("name"u8))
            {
                Expect(JsonTokenType.String);
                NameText = _json.ValueSpan;
            }
            else if (_json.ValueTextEquals("type"u8))
            {
                Expect(JsonTokenType.String);
                Kind = ReadKind();
            }
            else if (_json.ValueTextEquals("content"u8))
                ContentField = ReadContent();
            else if (_json.ValueTextEquals("subtree"u8))
            {
                Next();
                Subtree = _json.TokenType == JsonTokenType.Null ? null : ReadId();
                SubtreeField = Value();
            }
            else if (_json.ValueTextEquals("size"u8))
            {
                Next();
                SizeField = Value();
            }
            else if (_json.ValueTextEquals("error"u8))
            {
                Next();
                ErrorField = Value();
            }
            else
            {
                Next();
                _json.Skip();
            }
        }
        Node = start..(int)_json.BytesConsumed;
    }

    private Range ReadContent()
    {
        Next();
        if (_json.TokenType == JsonTokenType.Null)
            return Value();
        var start = (int)_json.TokenStartIndex;
        if (_json.TokenType != JsonTokenType.StartArray)
            throw new JsonException("a node's content is no array");
        for (Next(); _json.TokenType != JsonTokenType.EndArray; Next())
        {
            _content.GetSpan(1)[0] = ReadId();
            _content.Advance(1);
        }
        HasContent = true;
        return start..(int)_json.BytesConsumed;
    }

    private readonly ObjectId ReadId() =>
        _json.TokenType == JsonTokenType.String && ObjectId.TryParse(_json.ValueSpan, out var id)
            ? id
            : throw new JsonException("an id that has not 64 hex digits");

    private readonly NodeKind ReadKind() =>
        _json.ValueTextEquals("file"u8) ? NodeKind.File
        : _json.ValueTextEquals("dir"u8) ? NodeKind.Directory
        : _json.ValueTextEquals("symlink"u8)
        || _json.ValueTextEquals("dev"u8)
        || _json.ValueTextEquals("chardev"u8)
        || _json.ValueTextEquals("fifo"u8)
        || _json.ValueTextEquals("socket"u8)
        || _json.ValueTextEquals("irregular"u8)
            ? NodeKind.Other
        : NodeKind.Invalid;

    /// <summary>The node's name as bytes; null if the text is none that any program writes. Used for messages and checks, not on the fast path.</summary>
    public readonly byte[]? DecodeName()
    {
        if (NameText.IndexOf((byte)'\\') < 0)
            return NameText.ToArray();
        var text = new byte[NameText.Length];
        var quoted = new byte[NameText.Length + 2];
        quoted[0] = quoted[^1] = (byte)'"';
        NameText.CopyTo(quoted.AsSpan(1));
        var reader = new Utf8JsonReader(quoted);
        try
        {
            reader.Read();
            var length = reader.CopyString(text);
            return GoQuote.TryUnquote(text.AsSpan(0, length), text, out var written) ? text[..written] : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // half a surrogate pair
        }
    }

    private readonly Range Value() => (int)_json.TokenStartIndex..(int)_json.BytesConsumed;

    private void Next()
    {
        if (!_json.Read())
            throw new JsonException("it is cut off");
    }

    private void Expect(JsonTokenType type)
    {
        Next();
        if (_json.TokenType != type)
            throw new JsonException($"{type} expected");
    }

    private readonly RepositoryException Bad(Exception e) =>
        RepositoryException.Damaged($"tree {_tree}", $"it is no valid tree: {e.Message}", e);
}

/// <summary>What a node refers to: content, a subtree, nothing.</summary>
internal enum NodeKind : byte
{
    Invalid,
    File,
    Directory,
    Other,
}
