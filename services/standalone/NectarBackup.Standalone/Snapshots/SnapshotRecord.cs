using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>A snapshot as the commands show and choose it (restic design: "Snapshots"); <see cref="Json"/> keeps all that is in its file.</summary>
internal sealed record SnapshotRecord
{
    public required ObjectId Id { get; init; }

    /// <summary>The file's content.</summary>
    public required byte[] Json { get; init; }

    public required ObjectId Tree { get; init; }

    public required DateTimeOffset Time { get; init; }

    public ObjectId? Parent { get; init; }

    public string Host { get; init; } = "";

    public string User { get; init; } = "";

    public IReadOnlyList<string> Paths { get; init; } = [];

    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Bytes of its files, if the program that made it wrote that down.</summary>
    public long? Size { get; init; }

    /// <summary>For people, as restic introduces a snapshot.</summary>
    public string Headline =>
        $"snapshot {Id.Short} of [{string.Join(' ', Paths)}] at {Time.ToLocalTime():yyyy-MM-dd HH:mm:ss} by {User}@{Host}";

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task<SnapshotRecord> LoadAsync(
        Repository repository,
        ObjectId id,
        CancellationToken cancellationToken
    )
    {
        var name = new ObjectName(ObjectKind.Snapshot, id);
        return Parse(await repository.LoadUnpackedAsync(name, cancellationToken), name);
    }

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static SnapshotRecord Parse(byte[] json, ObjectName name)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new SnapshotRecord
            {
                Id = name.Id,
                Json = json,
                Tree = ObjectId.Parse(root.GetProperty("tree").GetString() ?? ""),
                Time = root.GetProperty("time").GetDateTimeOffset(),
                Parent =
                    root.TryGetProperty("parent", out var parent) && parent.GetString() is { } text
                        ? ObjectId.Parse(text)
                        : null,
                Host = Text(root, "hostname"),
                User = Text(root, "username"),
                Paths = List(root, "paths"),
                Tags = List(root, "tags"),
                Size =
                    root.TryGetProperty("summary", out var summary)
                    && summary.ValueKind == JsonValueKind.Object
                    && summary.TryGetProperty("total_bytes_processed", out var size)
                        ? size.GetInt64()
                        : null,
            };
        }
        catch (Exception e)
            when (e is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            throw RepositoryException.Damaged(name.Path, $"it is no snapshot: {e.Message}", e);
        }
    }

    /// <summary>The object as restic prints it: all fields of the file, then the ids.</summary>
    public void Write(Utf8JsonWriter to, string? messageType = null)
    {
        to.WriteStartObject();
        using (var document = JsonDocument.Parse(Json))
            foreach (var field in document.RootElement.EnumerateObject())
                field.WriteTo(to);
        to.WriteString("id", Id.ToString());
        to.WriteString("short_id", Id.Short);
        if (messageType is not null)
        {
            to.WriteString("message_type", messageType);
            to.WriteString("struct_type", messageType);
        }
        to.WriteEndObject();
    }

    private static string Text(JsonElement root, string field) =>
        root.TryGetProperty(field, out var value) ? value.GetString() ?? "" : "";

    private static string[] List(JsonElement root, string field) =>
        root.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(item => item.GetString() ?? "")]
            : [];
}
