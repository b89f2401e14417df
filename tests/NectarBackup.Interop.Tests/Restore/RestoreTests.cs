using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Browse;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Restore;

/// <summary>A tree of oddities through the real restic and through the engine, each way; outside tools compare.</summary>
public sealed class RestoreTests : IDisposable
{
    private const string Distribution = "restic";
    private const string Password = "no secret";
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _place = Directory.CreateTempSubdirectory("nectar-restore-").FullName;
    private readonly List<string> _faults = [];

    public RestoreTests()
    {
        Directory.CreateDirectory(Source);
        Directory.CreateDirectory(Target);
        OddityTree.Create(Source);
        ShellCommand.Run(Source, "rm -r d*"); // restic makes no path that is longer than one system call takes
        File.WriteAllText(Path.Combine(_place, "password"), Password);
    }

    private string Source => Path.Combine(_place, "source");
    private string Target => Path.Combine(_place, "target");
    private string Store => Path.Combine(_place, "repository");

    public static TheoryData<string> Peers =>
        [Distribution, .. new[] { "/opt/peers/bin/restic-0.18", "/opt/peers/bin/restic-0.19" }.Where(File.Exists)];

    public void Dispose() => ShellCommand.Run("/", $"chmod -R u+rwx '{_place}' || true; rm -rf '{_place}'");

    private string Restic(string restic, string arguments) =>
        ShellCommand.Run(
            _place,
            $"RESTIC_PASSWORD_FILE=password RESTIC_PROGRESS_FPS=1 {restic} -q --no-cache -r repository {arguments}"
        );

    // restic takes no sockets. Before 0.16 it lost what is no UTF-8 in the targets of links, and times beyond 64 bits of nanoseconds.
    private void LeaveOutWhatIsLost(string restic)
    {
        ShellCommand.Run(Source, "rm special/socket; touch -d @3 special");
        if (restic == Distribution)
            ShellCommand.Run(Source, "rm links/raw-* times/f@9999999999.*; touch -d @3 links times");
    }

    private async Task<RestoreProgress> RestoreAsync(Repository repository, ObjectId root)
    {
        var tree = await SnapshotPath.FindTreeAsync(repository, root, Encoding.UTF8.GetBytes(Source), Cancellation);
        var plan = new RestorePlan
        {
            Target = Encoding.UTF8.GetBytes(Target),
            OnFault = fault => _faults.Add($"{BytePath.Display(fault.Path)}: {fault.Message}"),
            Verify = true,
        };
        return await Restorer.RunAsync(repository, tree, plan, Cancellation);
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task What_restic_backed_up_comes_back(string restic)
    {
        LeaveOutWhatIsLost(restic);
        Restic(restic, "init");
        Restic(restic, $"backup '{Source}'");
        await using var store = new DirectoryStore(Store);
        await using var repository = await Repository.OpenAsync(store, Encoding.UTF8.GetBytes(Password), Cancellation);
        var snapshot = Assert.Single(await SnapshotFiles.LoadAllAsync(repository, Cancellation));
        await repository.LoadIndexAsync(Cancellation);
        await RestoreAsync(repository, snapshot.Tree);
        Assert.Empty(_faults);
        Assert.Equal(TreeFingerprint.Of(Source), TreeFingerprint.Of(Target));
    }

    [Theory, MemberData(nameof(Peers))]
    public async Task What_was_backed_up_here_is_sound_to_restic_and_comes_back(string restic)
    {
        LeaveOutWhatIsLost(restic);
        await using var store = new DirectoryStore(Store);
        await using var repository = await QuickRepository.InitAsync(
            store,
            Encoding.UTF8.GetBytes(Password),
            null,
            ("user", "host"),
            TimeProvider.System,
            Cancellation
        );
        ObjectId tree;
        await using (var writer = SnapshotWriter.Start(repository, new SnapshotWriterOptions(), Cancellation))
        {
            var options = new LocalBackupOptions
            {
                Paths = [Encoding.UTF8.GetBytes(Source)],
                WorkingDirectory = "/"u8.ToArray(),
                OnFault = fault => _faults.Add(fault.Message),
            };
            await LocalBackup.RunAsync(repository, writer, options, null, Cancellation);
            tree = await writer.FinishAsync(Cancellation);
        }
        var snapshot = new Snapshot
        {
            Time = GoTime.From(TimeProvider.System.GetUtcNow()),
            Tree = tree,
            Paths = [Source],
            Hostname = "host",
        };
        await SnapshotFiles.SaveAsync(repository, snapshot, Cancellation);
        Assert.Empty(_faults);
        Restic(restic, "check --read-data");
        Restic(restic, "restore latest --target all");
        Assert.Equal(TreeFingerprint.Of(Source), TreeFingerprint.Of(Path.Combine(_place, $"all{Source}")));
    }
}
