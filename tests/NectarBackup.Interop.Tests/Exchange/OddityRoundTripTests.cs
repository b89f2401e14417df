using System.Text;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Exchange;

/// <summary>What backup programs stumble over, from each program through a repository to each, all that the file system can tell compared.</summary>
public sealed class OddityRoundTripTests(CephGateway gateway)
{
    public static TheoryData<string> Restics => PeerCases.Restics;

    public static TheoryData<StoreKind> Stores => PeerCases.Stores;

    [Theory, MemberData(nameof(Stores))]
    public async Task Nectar_keeps_everything(StoreKind store)
    {
        using var place = await RepositoryPlace.NewAsync(store, gateway);
        var source = NewTree(place);
        await place.DoAsync(BackupProgram.Nectar, "init");
        await place.DoAsync(BackupProgram.Nectar, "backup", source);
        await ExpectAlikeAsync(place, BackupProgram.Nectar, source, []);
        // The second run takes everything from the first: the tree must be the same.
        var again = await place.BackUpAsync(BackupProgram.Nectar, source);
        Assert.Equal(0, again.DataBlobs);
        await ExpectAlikeAsync(place, BackupProgram.Nectar, source, []);
    }

    [Theory, MemberData(nameof(Restics))]
    public async Task Restic_restores_what_nectar_backed_up(string name)
    {
        var restic = BackupProgram.Find(name);
        using var place = await RepositoryPlace.NewAsync(StoreKind.Directory, gateway);
        var source = NewTree(place);
        LeaveOut(source, Unknown(restic));
        await place.DoAsync(BackupProgram.Nectar, "init");
        await place.DoAsync(BackupProgram.Nectar, "backup", source);
        await ExpectAlikeAsync(place, restic, source, ["special/socket"]);
    }

    [Theory, MemberData(nameof(Restics))]
    public async Task Nectar_restores_what_restic_backed_up(string name)
    {
        var restic = BackupProgram.Find(name);
        using var place = await RepositoryPlace.NewAsync(StoreKind.Directory, gateway);
        var source = NewTree(place);
        LeaveOut(source, Unknown(restic));
        await place.DoAsync(restic, "init", "--repository-version", "2");
        await place.DoAsync(restic, "backup", source);
        await ExpectAlikeAsync(place, BackupProgram.Nectar, source, []);
    }

    /// <summary>What a restic cannot back up or restore at all, as patterns of bash below the tree.</summary>
    private static IEnumerable<string> Unknown(BackupProgram restic)
    {
        // It hands whole paths to the kernel, which takes 4096 bytes.
        yield return "ddd*";
        // Before 0.17 a link's target is kept as text, and bytes that are no UTF-8 are replaced (restic: "linktarget_raw").
        if (restic.MinorVersion < 17)
            yield return "$'links/raw-\\xfe'";
    }

    private static string NewTree(RepositoryPlace place)
    {
        Directory.CreateDirectory(place["source"]);
        OddityTree.Create(place["source"]);
        return place["source"];
    }

    /// <summary>Removes entries; their directory gets its times back.</summary>
    private static void LeaveOut(string source, IEnumerable<string> patterns)
    {
        foreach (var pattern in patterns)
            ShellCommand.Run(source, $"touch -r links ../times; rm -r {pattern}; touch -r ../times links; rm ../times");
    }

    /// <param name="place">Where the snapshot is the newest one.</param>
    /// <param name="program">That restores.</param>
    /// <param name="source">What was backed up.</param>
    /// <param name="lost">Entries that the program is known not to restore.</param>
    private static async Task ExpectAlikeAsync(
        RepositoryPlace place,
        BackupProgram program,
        string source,
        string[] lost
    )
    {
        var target = place["restored"];
        await place.DoAsync(program, "restore", "latest", "--target", target);
        var passed = lost.Select(path => Convert.ToHexStringLower(Encoding.UTF8.GetBytes("./" + path)) + " ").ToArray();
        string[] Lines(string directory) =>
            [
                .. TreeFingerprint
                    .Of(directory)
                    .Split('\n')
                    .Where(line => !passed.Any(p => line.StartsWith(p, StringComparison.Ordinal))),
            ];
        var (expected, restored) = (Lines(source), Lines(target + source));
        Assert.True(
            expected.SequenceEqual(restored),
            string.Join('\n', expected.Except(restored).Select(l => "- " + l))
                + "\n"
                + string.Join('\n', restored.Except(expected).Select(l => "+ " + l))
        );
        ShellCommand.Run(place[""], "rm -rf restored");
    }
}
