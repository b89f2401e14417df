using System.Buffers;
using System.Globalization;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.Backup;
using NectarBackup.Standalone.Commands;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Snapshots;

/// <summary>The file of a snapshot that was just made (restic design: "Snapshots").</summary>
internal sealed record NewSnapshot
{
    public required DateTimeOffset Time { get; init; }

    public ObjectId? Parent { get; init; }

    public required ObjectId Tree { get; init; }

    public required IReadOnlyList<string> Paths { get; init; }

    public required string Host { get; init; }

    public IReadOnlyList<string> Excludes { get; init; } = [];

    public IReadOnlyList<string> Tags { get; init; } = [];

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Ended { get; init; }

    public required BackupProgress Counts { get; init; }

    public ReadOnlyMemory<byte> Serialize()
    {
        var to = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(to, Writer.JsonOptions);
        var self = LocalLockIdentity.Instance;
        json.WriteStartObject();
        json.WriteString("time", Format(Time));
        if (Parent is { } parent)
            json.WriteString("parent", parent.ToString());
        json.WriteString("tree", Tree.ToString());
        WriteList(json, "paths", Paths);
        json.WriteString("hostname", Host);
        json.WriteString("username", self.UserName);
        if (self.UserId != 0)
            json.WriteNumber("uid", self.UserId);
        if (self.GroupId != 0)
            json.WriteNumber("gid", self.GroupId);
        if (Excludes.Count > 0)
            WriteList(json, "excludes", Excludes);
        if (Tags.Count > 0)
            WriteList(json, "tags", Tags);
        json.WriteString("program_version", VersionCommand.Program);
        json.WriteStartObject("summary");
        json.WriteString("backup_start", Format(Started));
        json.WriteString("backup_end", Format(Ended));
        WriteCounts(json, Counts);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return to.WrittenMemory;
    }

    /// <summary>The counters that a snapshot's summary and the last message of a backup share.</summary>
    public static void WriteCounts(Utf8JsonWriter json, BackupProgress counts)
    {
        json.WriteNumber("files_new", counts.FilesNew);
        json.WriteNumber("files_changed", counts.FilesChanged);
        json.WriteNumber("files_unmodified", counts.FilesUnmodified);
        json.WriteNumber("dirs_new", counts.DirectoriesNew);
        json.WriteNumber("dirs_changed", counts.DirectoriesChanged);
        json.WriteNumber("dirs_unmodified", counts.DirectoriesUnmodified);
        json.WriteNumber("data_blobs", counts.DataBlobsAdded);
        json.WriteNumber("tree_blobs", counts.TreeBlobsAdded);
        json.WriteNumber("data_added", counts.BytesAdded);
        json.WriteNumber("data_added_packed", counts.BytesStored);
        json.WriteNumber("total_files_processed", counts.FilesDone);
        json.WriteNumber("total_bytes_processed", counts.BytesProcessed);
    }

    /// <summary>As Go writes times: fractions without trailing zeros, <c>Z</c> for UTC.</summary>
    public static string Format(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture)
        + (time.Offset == TimeSpan.Zero ? "Z" : time.ToString("zzz", CultureInfo.InvariantCulture));

    private static void WriteList(Utf8JsonWriter json, string name, IReadOnlyList<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
