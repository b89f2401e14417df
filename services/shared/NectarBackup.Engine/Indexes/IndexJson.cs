using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using NectarBackup.Engine.Packs;

namespace NectarBackup.Engine.Indexes;

/// <summary>The JSON of an index file (restic design: "Indexing").</summary>
public static class IndexJson
{
    /// <summary>Writes <c>{"packs":[...]}</c>.</summary>
    public static void Write(IBufferWriter<byte> to, IEnumerable<(ObjectId Pack, IReadOnlyList<PackBlob> Blobs)> packs)
    {
        to.Write("{\"packs\":["u8);
        var firstPack = true;
        foreach (var (pack, blobs) in packs)
        {
            to.Write(firstPack ? "{\"id\":\""u8 : ",{\"id\":\""u8);
            firstPack = false;
            WriteId(to, pack);
            to.Write("\",\"blobs\":["u8);
            for (var i = 0; i < blobs.Count; i++)
                WriteBlob(to, blobs[i], i == 0);
            to.Write("]}"u8);
        }
        to.Write("]}"u8);
    }

    private static void WriteBlob(IBufferWriter<byte> to, in PackBlob blob, bool first)
    {
        to.Write(first ? "{\"id\":\""u8 : ",{\"id\":\""u8);
        WriteId(to, blob.Id);
        to.Write(
            blob.Type == BlobType.Tree ? "\",\"type\":\"tree\",\"offset\":"u8 : "\",\"type\":\"data\",\"offset\":"u8
        );
        WriteNumber(to, blob.Offset);
        to.Write(",\"length\":"u8);
        WriteNumber(to, blob.Length);
        if (blob.IsCompressed)
        {
            to.Write(",\"uncompressed_length\":"u8);
            WriteNumber(to, blob.PlainLength);
        }
        to.Write("}"u8);
    }

    private static void WriteId(IBufferWriter<byte> to, ObjectId id)
    {
        id.WriteHex(to.GetSpan(ObjectId.HexLength));
        to.Advance(ObjectId.HexLength);
    }

    private static void WriteNumber(IBufferWriter<byte> to, uint value)
    {
        Utf8Formatter.TryFormat(value, to.GetSpan(10), out var written);
        to.Advance(written);
    }

    /// <summary>Reads an index and hands on each pack with its blobs; the span is only valid during the call. Unknown fields are passed over.</summary>
    /// <exception cref="RepositoryException">Damaged: no index, or a place that no pack can have.</exception>
    public static void Read(ReadOnlySpan<byte> json, ObjectId index, Action<ObjectId, ReadOnlyMemory<PackBlob>> onPack)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 8 });
        var blobs = new ArrayBufferWriter<PackBlob>(256);
        try
        {
            Expect(ref reader, JsonTokenType.StartObject);
            while (NextProperty(ref reader))
            {
                if (!reader.ValueTextEquals("packs"u8))
                {
                    Skip(ref reader);
                    continue;
                }
                Expect(ref reader, JsonTokenType.StartArray);
                while (NextElement(ref reader))
                    onPack(ReadPack(ref reader, blobs), blobs.WrittenMemory);
            }
            reader.Read(); // fails if anything but white space follows
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw RepositoryException.Damaged($"index {index}", e.Message, e);
        }
    }

    private static ObjectId ReadPack(ref Utf8JsonReader reader, ArrayBufferWriter<PackBlob> blobs)
    {
        var pack = default(ObjectId);
        blobs.ResetWrittenCount();
        while (NextProperty(ref reader))
        {
            if (reader.ValueTextEquals("id"u8))
                pack = ReadId(ref reader);
            else if (reader.ValueTextEquals("blobs"u8))
            {
                Expect(ref reader, JsonTokenType.StartArray);
                while (NextElement(ref reader))
                {
                    blobs.GetSpan(1)[0] = ReadBlob(ref reader);
                    blobs.Advance(1);
                }
            }
            else
                Skip(ref reader);
        }
        return pack.IsZero ? throw new JsonException("a pack without an id") : pack;
    }

    private static PackBlob ReadBlob(ref Utf8JsonReader reader)
    {
        var id = default(ObjectId);
        var type = (BlobType?)null;
        uint offset = 0,
            length = 0,
            plain = 0;
        while (NextProperty(ref reader))
        {
            if (reader.ValueTextEquals("id"u8))
                id = ReadId(ref reader);
            else if (reader.ValueTextEquals("type"u8))
            {
                Expect(ref reader, JsonTokenType.String);
                type =
                    reader.ValueTextEquals("data"u8) ? BlobType.Data
                    : reader.ValueTextEquals("tree"u8) ? BlobType.Tree
                    : throw new JsonException("unknown blob type");
            }
            else if (reader.ValueTextEquals("offset"u8))
                offset = ReadNumber(ref reader);
            else if (reader.ValueTextEquals("length"u8))
                length = ReadNumber(ref reader);
            else if (reader.ValueTextEquals("uncompressed_length"u8))
                plain = ReadNumber(ref reader);
            else
                Skip(ref reader);
        }
        if (id.IsZero || type is null)
            throw new JsonException("a blob without id or type");
        var blob = new PackBlob(id, type.Value, offset, length, plain);
        return PackHeader.FindFault(blob, uint.MaxValue) is { } fault ? throw new JsonException(fault) : blob;
    }

    private static ObjectId ReadId(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.String);
        return !reader.ValueIsEscaped && ObjectId.TryParse(reader.ValueSpan, out var id)
            ? id
            : throw new JsonException("an id that has not 64 hex digits");
    }

    private static uint ReadNumber(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.Number);
        return reader.GetUInt32();
    }

    private static bool NextProperty(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            throw new JsonException("cut off");
        return reader.TokenType == JsonTokenType.PropertyName
            || (reader.TokenType == JsonTokenType.EndObject ? false : throw new JsonException("object expected"));
    }

    private static bool NextElement(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            throw new JsonException("cut off");
        return reader.TokenType == JsonTokenType.StartObject
            || (
                reader.TokenType == JsonTokenType.EndArray
                    ? false
                    : throw new JsonException("array of objects expected")
            );
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
            throw new JsonException($"{type} expected");
    }

    private static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
