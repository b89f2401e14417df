using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.Forget;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Fuzz.Targets;

/// <summary>The small files of a repository: key, config, index, snapshot, lock, and the envelope of the last three.</summary>
internal static class UnpackedTargets
{
    private static readonly ObjectId s_id = ObjectId.Of("id"u8);
    private static readonly string s_hex = s_id.ToString();

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("key", [FixedRepository.Wrap(MasterKeyText()).Serialize()], Key, typeof(RepositoryException)),
        new("key-content", [MasterKeyText()], KeyContent, typeof(RepositoryException)),
        new("config", [FixedRepository.Config.Serialize()], Config, typeof(RepositoryException)),
        new("unpacked", UnpackedSeeds(), Unpacked, typeof(RepositoryException)) { MaxAllocated = 256 << 20 },
        new("index", [Text(IndexSeed)], Index, typeof(RepositoryException)),
        new("snapshot", [Text(SnapshotSeed), Text(SmallSnapshot)], SnapshotText, typeof(RepositoryException)),
        new("lock", [Text(LockSeed)], Lock, typeof(RepositoryException)),
    ];

    private static string IndexSeed =>
        $$"""
            {"supersedes":["{{s_hex}}"],"packs":[{"id":"{{s_hex}}","blobs":[
            {"id":"{{s_hex}}","type":"data","offset":0,"length":100,"uncompressed_length":500},
            {"id":"{{s_hex}}","type":"tree","offset":100,"length":38}]}]}
            """;

    private static string SnapshotSeed =>
        $$"""
            {"time":"2026-01-02T03:04:05.123456789+05:30","parent":"{{s_hex}}","tree":"{{s_hex}}","paths":["/a","/b \"c\""],
            "hostname":"h","username":"u","uid":1000,"gid":100,"excludes":["*.o"],"tags":["t","u"],"original":"{{s_hex}}",
            "program_version":"restic 0.19.0","summary":{"backup_start":"2026-01-02T03:04:05Z","backup_end":"2026-01-02T03:04:06Z",
            "files_new":1,"files_changed":2,"data_blobs":3,"data_added":4,"total_bytes_processed":5,"other":{} },"future":{"a":[1]} }
            """;

    private static string SmallSnapshot => $$"""{"time":"2026-01-02T03:04:05Z","tree":"{{s_hex}}","paths":null}""";

    private const string LockSeed = """
        {"time":"2026-01-02T03:04:05.1+01:00","exclusive":true,"hostname":"h","username":"u","pid":12,"uid":1,"gid":2,
        "nectar":{"boot":"b","namespace":"pid:[1]","start":3}}
        """;

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] MasterKeyText() =>
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            MasterKeyJson.From(FixedRepository.Key),
            KeyJson.Default.MasterKeyJson
        );

    private static byte[][] UnpackedSeeds() =>
        [
            Text(IndexSeed),
            [2, .. FixedRepository.Compress(Text(SnapshotSeed))],
            [2, .. FixedRepository.Compress(new byte[1 << 20])],
            [2, .. FixedRepository.Compress([]), .. FixedRepository.Compress("x"u8)],
        ];

    private static void Key(byte[] input)
    {
        if (input.Length > KeyFile.MaxLength)
            throw new NotAnInputException(); // never read
        var key = KeyFile.Parse(input, s_id);
        _ = $"{key.UserName.Length}{key.HostName.Length}{key.Created.Length}";
        key.Serialize();
        // What a key file may ask for in earnest takes seconds: not for thousands of inputs.
        if ((long)key.N * key.R * key.P <= 1 << 12)
            key.TryOpen(FixedRepository.Password, s_id);
    }

    private static void KeyContent(byte[] input) => FixedRepository.Wrap(input).TryOpen(FixedRepository.Password, s_id);

    private static void Config(byte[] input)
    {
        var config = RepositoryConfig.Parse(input);
        InvariantException.Require(
            RepositoryConfig.Parse(config.Serialize()) == config,
            "a config reads back the same"
        );
    }

    private static void Unpacked(byte[] input)
    {
        var stored = FixedRepository.Seal(FixedRepository.Key, input);
        var name = new ObjectName(ObjectKind.Index, ObjectId.Of(stored));
        var plain = FixedRepository.New().OpenUnpacked(stored, name);
        if (input[0] != 2)
            InvariantException.Require(plain.AsSpan().SequenceEqual(input), "plain text comes out as it went in");
    }

    private static void Index(byte[] input)
    {
        var index = new BlobIndex();
        IndexJson.Read(
            input,
            s_id,
            (pack, blobs) =>
            {
                foreach (ref readonly var blob in blobs.Span)
                    InvariantException.Require(
                        PackHeader.FindFault(blob, uint.MaxValue) is null && blob.Length <= int.MaxValue - 64,
                        "a blob that can be read"
                    );
                index.AddPack(pack, blobs.Span);
            }
        );
        foreach (var place in index.Locations())
            InvariantException.Require(
                index.FindAll(place.Blob.Type, place.Blob.Id).Contains(place),
                "what is in the index is found"
            );
    }

    private static void SnapshotText(byte[] input)
    {
        var snapshot = SnapshotJson.Parse(input, s_id);
        var text = SnapshotJson.Serialize(snapshot);
        InvariantException.Require(
            SnapshotJson.Serialize(SnapshotJson.Parse(text, s_id)).AsSpan().SequenceEqual(text),
            "a snapshot reads back the same"
        );
        _ = snapshot.Time.Local;
        snapshot.HasTags(["t"]);
        new SnapshotFilter(
            ["h"],
            [
                ["t"],
            ],
            ["/a"]
        ).Matches(snapshot);
        SnapshotSelection.Resolve([snapshot], "latest");
        foreach (var by in (bool[])[false, true])
            ForgetPlan.Make(
                [snapshot],
                new RetentionPolicy
                {
                    Last = 1,
                    Weekly = 1,
                    Yearly = 1,
                    Within = RetentionSpan.Parse("100000y1m1d1h"),
                    Tags =
                    [
                        ["t"],
                    ],
                },
                new SnapshotGrouping(by, by, by)
            );
    }

    private static void Lock(byte[] input)
    {
        var file = LockFile.Parse(input, new ObjectName(ObjectKind.Lock, s_id));
        _ = file.ToString();
        file.IsStale(DateTimeOffset.UnixEpoch, Someone.Here);
        LockFile.Parse(file.Serialize(), new ObjectName(ObjectKind.Lock, s_id));
    }

    private sealed class Someone : ILockIdentity
    {
        public static Someone Here { get; } = new();

        public string HostName => "h";
        public string UserName => "u";
        public uint UserId => 0;
        public uint GroupId => 0;
        public int ProcessId => 1;
        public LockHolder? Holder => null;

        public bool IsRunning(int processId) => processId > 0;

        public bool IsGone(LockHolder holder, int processId) => holder.Boot.Length + holder.Namespace.Length == 0;
    }
}
