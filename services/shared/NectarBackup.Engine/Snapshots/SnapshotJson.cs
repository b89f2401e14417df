using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace NectarBackup.Engine.Snapshots;

/// <summary>Reads and writes the text of snapshot files.</summary>
public static class SnapshotJson
{
    private const int MaxDepth = 64;

    private static readonly SnapshotContext Context = new(
        new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            MaxDepth = MaxDepth,
            Converters = { new TimeText(), new IdText() },
        }
    );

    /// <exception cref="RepositoryException"><see cref="RepositoryError.Damaged"/>: not the text of a snapshot.</exception>
    public static Snapshot Parse(ReadOnlySpan<byte> json, ObjectId id)
    {
        try
        {
            // Names of unknown fields are kept as they are, and would be written as something else.
            if (!System.Text.Unicode.Utf8.IsValid(json))
                throw new JsonException("it is no UTF-8");
            var snapshot = JsonSerializer.Deserialize(json, Context.Snapshot);
            return snapshot is null ? throw new JsonException("null") : snapshot with { Id = id };
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            throw RepositoryException.Damaged($"snapshot {id.Short}", "its text is no snapshot", e);
        }
    }

    /// <summary>The text in restic's order; fields that are empty are left out.</summary>
    /// <exception cref="RepositoryException">Damaged: an unknown field that was read holds text that is no Unicode.</exception>
    public static byte[] Serialize(Snapshot snapshot)
    {
        var lean = snapshot with
        {
            Hostname = snapshot.Hostname is "" ? null : snapshot.Hostname,
            Username = snapshot.Username is "" ? null : snapshot.Username,
            ProgramVersion = snapshot.ProgramVersion is "" ? null : snapshot.ProgramVersion,
            Excludes = snapshot.Excludes is { Count: 0 } ? null : snapshot.Excludes,
            Tags = snapshot.Tags is { Count: 0 } ? null : snapshot.Tags,
        };
        try
        {
            return JsonSerializer.SerializeToUtf8Bytes(lean, Context.Snapshot);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw RepositoryException.Damaged($"snapshot {snapshot.Id.Short}", "its text cannot be written again", e);
        }
    }

    private sealed class TimeText : JsonConverter<GoTime>
    {
        public override GoTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            GoTime.Parse(System.Text.Encoding.UTF8.GetBytes(reader.GetString() ?? ""));

        public override void Write(Utf8JsonWriter writer, GoTime value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    private sealed class IdText : JsonConverter<ObjectId>
    {
        public override ObjectId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            ObjectId.Parse(reader.GetString() ?? "");

        public override void Write(Utf8JsonWriter writer, ObjectId value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}

[JsonSerializable(typeof(Snapshot))]
internal sealed partial class SnapshotContext : JsonSerializerContext;
