using System.Buffers;
using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.Trees;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Fuzz.Targets;

/// <summary>
/// Trees, by both their readers. Prune keeps what one of them sees and restore wants what the other one sees, so the first must never miss a blob that
/// the second finds.
/// </summary>
internal static class TreeTargets
{
    private static readonly ObjectId s_id = ObjectId.Of("id"u8);

    private static readonly string[] s_names =
    [
        "plain",
        "a\\\"b\\\\c",
        "\\xff\\x00",
        "\\u00e9\\U0001f600",
        "\\377\\a\\n",
    ];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("tree", Seeds(), Tree, typeof(RepositoryException)),
        new("name", [.. s_names.Select(Encoding.UTF8.GetBytes)], Name),
    ];

    public static string Node(string name, string type, string rest = "") =>
        $$"""
            {"name":"{{name}}","type":"{{type}}","mode":420,"mtime":"2026-01-02T03:04:05.123456789Z","atime":"2026-01-02T03:04:05Z",
            "ctime":"2026-01-02T03:04:05+01:00","uid":0,"gid":0,"user":"root","group":"root","inode":3,"device_id":4,"size":3,"links":1{{rest}}}
            """;

    private static byte[][] Seeds()
    {
        var attributes =
            ",\"extended_attributes\":[{\"name\":\"user.a\",\"value\":\"AQID\"},{\"name\":\"b\",\"value\":null}]";
        var nodes = string.Join(
            ',',
            Node("a", "file", $",\"content\":[\"{s_id}\",\"{s_id}\"]{attributes}"),
            Node("b\\\\xff", "dir", $",\"subtree\":\"{s_id}\""),
            Node("c", "symlink", ",\"linktarget\":\"x\\u003c\",\"linktarget_raw\":\"eDw=\",\"content\":null"),
            Node("d", "dev", ",\"device\":1801,\"error\":\"e\",\"generic_attributes\":{\"x\":[1,{\"y\":null}]}")
        );
        return
        [
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{nodes}]}}"),
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{Node("a", "file", ",\"content\":[]")}],\"more\":1}}"),
            "{\"nodes\":null}"u8.ToArray(),
            "{\"nodes\":[]}"u8.ToArray(),
        ];
    }

    private static void Tree(byte[] input)
    {
        var seen = Reader(input, strict: false);
        var strict = Reader(input, strict: true);
        var kept = Walker(input);
        InvariantException.Require(strict is null || seen is not null, "what the strict reader takes, the other takes");
        if (seen is null || kept is null)
            throw RepositoryException.Damaged("the tree", "a reader refuses it");
        InvariantException.Require(seen.IsSubsetOf(kept), "prune keeps all that restore needs");
    }

    private static HashSet<ObjectId>? Reader(byte[] input, bool strict)
    {
        var used = new HashSet<ObjectId>();
        try
        {
            var reader = new TreeReader(input, "the tree", strict);
            var node = new Node();
            while (reader.Read(node))
            {
                used.UnionWith(node.Content.WrittenSpan.ToArray());
                if (node.Subtree is { } subtree)
                    used.Add(subtree);
                InvariantException.Require(!strict || TreeReader.IsSafeName(node.Name.Span), "a safe name");
                InvariantException.Require(node.Name.Length <= TreeReader.MaxNameLength, "a name within its bound");
                InvariantException.Require(node.Mode <= 0xfff, "a mode of 12 bits");
                _ = reader.NodeJson.Length + reader.ContentJson.Length;
                if (node.Type != NodeType.Unknown)
                    Encode(node);
            }
            return used;
        }
        catch (RepositoryException)
        {
            return null;
        }
    }

    // As repair and rewrite write a node that was read.
    private static void Encode(Node node)
    {
        var text = new ArrayBufferWriter<byte>();
        NodeEncoder.WriteHead(text, node);
        NodeEncoder.WriteTail(text, node, node.Content.WrittenSpan);
    }

    private static HashSet<ObjectId>? Walker(byte[] input)
    {
        var used = new HashSet<ObjectId>();
        try
        {
            var content = new ArrayBufferWriter<ObjectId>();
            var text = new TreeText(input, content, s_id);
            while (text.Read())
            {
                used.UnionWith(content.WrittenSpan.ToArray());
                if (text.Subtree is { } subtree)
                    used.Add(subtree);
                text.DecodeName();
                _ = input[text.Node].Length + input[text.SizeField].Length + input[text.ContentField].Length;
            }
            return used;
        }
        catch (RepositoryException)
        {
            return null;
        }
    }

    private static void Name(byte[] input)
    {
        var raw = new byte[input.Length];
        if (GoQuote.TryUnquote(input, raw, out var written))
        {
            var inPlace = input.ToArray();
            GoQuote.TryUnquote(inPlace, inPlace, out var again);
            InvariantException.Require(
                again == written && inPlace.AsSpan(0, again).SequenceEqual(raw.AsSpan(0, written)),
                "in place is the same"
            );
        }
        // Any bytes are a name.
        var quoted = new byte[input.Length * GoQuote.MaxExpansion];
        var length = GoQuote.Quote(input, quoted);
        InvariantException.Require(
            GoQuote.TryUnquote(quoted.AsSpan(0, length), quoted, out written)
                && quoted.AsSpan(0, written).SequenceEqual(input),
            "a quoted name comes back"
        );
    }
}
