using System.Text.Json;
using System.Text.Json.Serialization;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Locks;

/// <summary>
/// A lock file (restic <c>internal/restic/lock.go</c>): sealed JSON that other programs of the format understand. The field <c>nectar</c> is ours and passed over
/// by them: it proves, on the machine that wrote it, whether the holder still runs.
/// </summary>
public sealed record LockFile
{
    /// <summary>A lock that was not refreshed for this long is stale.</summary>
    public static readonly TimeSpan StaleAge = TimeSpan.FromMinutes(30);

    [JsonPropertyName("time")]
    public DateTimeOffset Time { get; init; }

    [JsonPropertyName("exclusive")]
    public bool Exclusive { get; init; }

    [JsonPropertyName("hostname")]
    public string HostName { get; init; } = "";

    [JsonPropertyName("username")]
    public string UserName { get; init; } = "";

    [JsonPropertyName("pid")]
    public int ProcessId { get; init; }

    [JsonPropertyName("uid"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint UserId { get; init; }

    [JsonPropertyName("gid"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public uint GroupId { get; init; }

    [JsonPropertyName("nectar"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LockHolder? Holder { get; init; }

    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, LockJson.Default.LockFile);

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static LockFile Parse(ReadOnlySpan<byte> json, ObjectName name)
    {
        try
        {
            var file =
                JsonSerializer.Deserialize(json, LockJson.Default.LockFile)
                ?? throw RepositoryException.Damaged(name.Path, "it is no lock");
            // "null" is a valid text for each of these.
            return file with
            {
                HostName = file.HostName ?? "",
                UserName = file.UserName ?? "",
                Holder = file.Holder is { Boot: not null, Namespace: not null } ? file.Holder : null,
            };
        }
        catch (JsonException e)
        {
            throw RepositoryException.Damaged(name.Path, "it is no lock", e);
        }
    }

    /// <summary>
    /// The holder is gone for certain: it ran on this machine, in this process namespace, and does so no more. Never true for locks of other programs.
    /// </summary>
    public bool IsAbandoned(ILockIdentity self) => Holder is { } holder && self.IsGone(holder, ProcessId);

    /// <summary>Not refreshed for half an hour, or of a process of this host that is gone (restic <c>Lock.Stale</c>).</summary>
    public bool IsStale(DateTimeOffset now, ILockIdentity self) =>
        now - Time > StaleAge || IsAbandoned(self) || HostName == self.HostName && !self.IsRunning(ProcessId);

    /// <summary>For people: who holds it since when.</summary>
    public override string ToString() =>
        $"{(Exclusive ? "exclusive lock" : "lock")} of process {ProcessId} of {UserName} on {HostName}, "
        + $"last refreshed {Time.ToUniversalTime():yyyy-MM-dd HH:mm:ss} UTC";
}

/// <summary>What tells one process of one machine from all others.</summary>
/// <param name="Boot">The kernel's id of this boot.</param>
/// <param name="Namespace">The process namespace, as process ids only mean something within one.</param>
/// <param name="Start">When the process started, in clock ticks since the boot.</param>
public sealed record LockHolder(
    [property: JsonPropertyName("boot")] string Boot,
    [property: JsonPropertyName("namespace")] string Namespace,
    [property: JsonPropertyName("start")] long Start
);

/// <summary>Who takes locks here, and what this machine knows about other holders.</summary>
public interface ILockIdentity
{
    string HostName { get; }
    string UserName { get; }
    uint UserId { get; }
    uint GroupId { get; }
    int ProcessId { get; }
    LockHolder? Holder { get; }

    /// <summary>A process with that id runs here.</summary>
    bool IsRunning(int processId);

    /// <summary>The holder was a process of this machine and namespace and runs no more.</summary>
    bool IsGone(LockHolder holder, int processId);
}

[JsonSerializable(typeof(LockFile))]
internal sealed partial class LockJson : JsonSerializerContext;
