using NectarBackup.Engine;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Forget;

/// <summary>
/// A repository of this engine with a history that no clock ever made: bursts and gaps, several hosts, paths and offsets, a few snapshots in the
/// future. Every test reads it, none changes it.
/// </summary>
public sealed class History : IAsyncLifetime
{
    public const string Password = "history";
    private const int Count = 64;
    private const int Seed = 20261123;

    private readonly TemporaryDirectory _place = new();
    private readonly List<Snapshot> _snapshots = [];

    public string Location => _place["repository"];

    public IReadOnlyList<Snapshot> Snapshots => _snapshots;

    public async ValueTask InitializeAsync()
    {
        await using var repository = await QuickRepository.InitAsync(
            new DirectoryStore(Location),
            System.Text.Encoding.UTF8.GetBytes(Password),
            null,
            ("root", "bee"),
            TimeProvider.System,
            default
        );
        ObjectId tree;
        await using (var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), default))
            tree = await writer.FinishAsync(default);
        var random = new Random(Seed);
        var time = TimeProvider.System.GetUtcNow().AddDays(-3).ToUnixTimeSeconds();
        for (var nr = 0; nr < Count; nr++)
        {
            // Newest first; each gap is as long as a backup every few minutes, hours, days, weeks or months would leave.
            int[] gaps = [600, 3_600, 20_000, 86_400, 300_000, 604_800, 2_000_000, 9_000_000];
            time -= random.Next(1, gaps[random.Next(gaps.Length)]);
            var future = nr % 21 == 20 ? 400_000_000 + nr * 86_400L : 0;
            var snapshot = Make(random, tree, new GoTime(time + future, random.Next(1_000_000_000), Offset(random)));
            var id = await repository.SaveUnpackedAsync(ObjectKind.Snapshot, SnapshotJson.Serialize(snapshot), default);
            _snapshots.Add(snapshot with { Id = id });
        }
    }

    private static int Offset(Random random)
    {
        int[] offsets = [0, 0, 120, -300, 345, -570];
        return offsets[random.Next(offsets.Length)];
    }

    private static Snapshot Make(Random random, ObjectId tree, GoTime time)
    {
        string[][] paths =
        [
            ["/home"],
            ["/home", "/etc"],
            ["/etc", "/home"],
        ];
        string[][] tags =
        [
            [],
            [],
            ["daily"],
            ["daily", "keep"],
            ["keep", "daily"],
            ["<&> \"quoted\" \u2028 \\ ü \u0001"],
        ];
        return new Snapshot
        {
            Time = time,
            Tree = tree,
            Paths = paths[random.Next(paths.Length)],
            Hostname = random.Next(3) == 0 ? "hîve" : "bee",
            Username = "root",
            Tags = tags[random.Next(tags.Length)],
            Excludes = random.Next(4) == 0 ? ["*.o"] : null,
            Uid = (uint)random.Next(3) * 1000,
            ProgramVersion = "nectar",
        };
    }

    public ValueTask DisposeAsync()
    {
        _place.Dispose();
        return ValueTask.CompletedTask;
    }
}
