using System.Text.Json;
using System.Text.Json.Serialization;

namespace NectarBackup.Engine.Snapshots;

/// <summary>What one backup saved, from where, and when (restic <c>data/snapshot.go:Snapshot</c>; its order of fields).</summary>
public sealed record Snapshot
{
    /// <summary>The name of the file; not part of its text.</summary>
    [JsonIgnore]
    public ObjectId Id { get; init; }

    [JsonRequired]
    public GoTime Time { get; init; }
    public ObjectId? Parent { get; init; }

    [JsonRequired]
    public ObjectId Tree { get; init; }

    /// <summary>What was saved, as absolute paths.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IReadOnlyList<string>? Paths { get; init; } = [];
    public string? Hostname { get; init; }
    public string? Username { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Uid { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint Gid { get; init; }
    public IReadOnlyList<string>? Excludes { get; init; }
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>The first id of a snapshot that was rewritten since.</summary>
    public ObjectId? Original { get; init; }
    public string? ProgramVersion { get; init; }
    public SnapshotSummary? Summary { get; init; }

    /// <summary>Fields of other programs; kept when a snapshot is rewritten.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    /// <summary>
    /// Whether the snapshot has each of the tags in turn. The empty tag, of restic's <c>--tag ''</c>, is that of a snapshot without tags and
    /// settles the answer for it (restic <c>data/snapshot.go:HasTags</c>).
    /// </summary>
    public bool HasTags(IReadOnlyList<string> all)
    {
        foreach (var tag in all)
        {
            if (tag.Length == 0 && Tags is not { Count: > 0 })
                return true;
            if (Tags?.Contains(tag) != true)
                return false;
        }
        return true;
    }
}

/// <summary>The numbers of the run that made a snapshot (restic 0.17 and later).</summary>
public sealed record SnapshotSummary
{
    public GoTime BackupStart { get; init; }
    public GoTime BackupEnd { get; init; }
    public ulong FilesNew { get; init; }
    public ulong FilesChanged { get; init; }
    public ulong FilesUnmodified { get; init; }
    public ulong DirsNew { get; init; }
    public ulong DirsChanged { get; init; }
    public ulong DirsUnmodified { get; init; }
    public long DataBlobs { get; init; }
    public long TreeBlobs { get; init; }
    public ulong DataAdded { get; init; }
    public ulong DataAddedPacked { get; init; }
    public ulong TotalFilesProcessed { get; init; }
    public ulong TotalBytesProcessed { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }
}
