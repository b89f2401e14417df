using System.Text;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>Snapshots and groups of them as restic prints them: as JSON, and in a line for people.</summary>
internal static class SnapshotText
{
    /// <summary>All fields of the file, then the ids.</summary>
    public static void Write(Utf8JsonWriter to, Snapshot snapshot, string? messageType = null)
    {
        var file = Encoding.UTF8.GetString(SnapshotJson.Serialize(snapshot)).TrimEnd();
        var text = new StringBuilder(file, 0, file.Length - 1, file.Length + 256);
        text.Append($",\"id\":\"{snapshot.Id}\",\"short_id\":\"{snapshot.Id.Short}\"");
        if (messageType is not null)
            text.Append($",\"message_type\":\"{messageType}\",\"struct_type\":\"{messageType}\"");
        to.WriteRawValue(text.Append('}').ToString(), skipInputValidation: true);
    }

    /// <summary>What the snapshots of a group share.</summary>
    public static void WriteKey(Utf8JsonWriter to, SnapshotGroup group)
    {
        to.WriteStartObject();
        to.WriteString("hostname", group.Host ?? "");
        WriteList(to, "paths", group.Paths);
        WriteList(to, "tags", group.Tags);
        to.WriteEndObject();
    }

    /// <summary>Null for an empty list, as Go writes it.</summary>
    public static void WriteList(Utf8JsonWriter to, string name, IReadOnlyList<string>? list)
    {
        if (list is not { Count: > 0 })
        {
            to.WriteNull(name);
            return;
        }
        to.WriteStartArray(name);
        foreach (var item in list)
            to.WriteStringValue(item);
        to.WriteEndArray();
    }

    public static string Key(SnapshotGroup group) =>
        string.Join(
            ", ",
            new[]
            {
                group.Host is null ? null : $"host [{group.Host}]",
                group.Tags is null ? null : $"tags [{string.Join(", ", group.Tags)}]",
                group.Paths is null ? null : $"paths [{string.Join(", ", group.Paths)}]",
            }.Where(part => part is not null)
        );

    public static string Headline(Snapshot snapshot) =>
        $"snapshot {snapshot.Id.Short} of [{string.Join(' ', snapshot.Paths ?? [])}] at {Times.Show(snapshot.Time)} by {snapshot.Username}@{snapshot.Hostname}";
}
