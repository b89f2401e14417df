using System.Buffers;
using System.Globalization;
using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;
using NectarBackup.Interop.Tests.Programs;
using NectarBackup.Testing;

namespace NectarBackup.Interop.Tests.Trees;

/// <summary>Every byte and every assigned code point in a file's name, as the real programs write it down: one byte off, and no tree is ever shared.</summary>
public sealed class StrangeNamesTests
{
    private const string Password = "names";
    private const string Distribution = "restic";

    // 48 code points to a name, over the planes that have characters; two planes of private use are like the first one's.
    private const string MakeNames = """
        trap "rm -rf names" EXIT; mkdir names; perl -e '
            sub touch { open(F, ">", "names/" . $_[0]) or die "$!" }
            for (1 .. 255) { touch("byte-" . chr($_)) if $_ != 47 }
            srand(7);
            for my $n (1 .. 1500) { touch("mix-$n-" . join("", grep { $_ ne "/" } map { chr(1 + int rand 255) } 0 .. rand 40)) }
            for my $range ([0, 0x3ffff], [0xe0000, 0xe0fff], [0x10fff0, 0x10ffff]) {
                for (my $start = $range->[0]; $start <= $range->[1]; $start += 48) {
                    my $name = "";
                    for ($start .. $start + 47) { $name .= chr($_) unless $_ == 0 || $_ == 47 || $_ > 0x10ffff || ($_ >= 0xd800 && $_ <= 0xdfff) }
                    utf8::encode($name);
                    touch(sprintf("%06x-", $start) . $name);
                }
            }'
        find names -mindepth 1 -printf . | wc -c
        """;

    /// <summary>Every restic of this machine; the distribution's must be there.</summary>
    public static TheoryData<string> Peers =>
        [Distribution, .. BackupProgram.Restics.Where(peer => peer.MinorVersion >= 18).Select(peer => peer.File)];

    [Theory, MemberData(nameof(Peers))]
    public async Task Nodes_of_strange_names_are_written_as_restic_writes_them(string restic)
    {
        using var place = new TemporaryDirectory();
        var made = ShellCommand.Run(
            place.Path,
            $"""
            {MakeNames}
            export RESTIC_PASSWORD={Password} RESTIC_REPOSITORY=repository
            '{restic}' --no-cache -q init >&2; '{restic}' --no-cache -q backup names >&2
            """
        );
        var json = await LoadNames(place["repository"]);
        var reader = new TreeReader(json, "names", strict: true);
        var node = new Node();
        var to = new ArrayBufferWriter<byte>();
        var count = 0;
        var different = new SortedSet<int>();
        for (; reader.Read(node); count++)
        {
            to.ResetWrittenCount();
            NodeEncoder.WriteHead(to, node);
            NodeEncoder.WriteTail(to, node, node.Content.WrittenSpan);
            if (!to.WrittenSpan.SequenceEqual(reader.NodeJson))
                different.UnionWith(
                    Differences(node, Encoding.UTF8.GetString(to.WrittenSpan), Encoding.UTF8.GetString(reader.NodeJson))
                );
        }
        Assert.Equal(int.Parse(made, CultureInfo.InvariantCulture), count);
        // The distribution's restic was built with a Go that knew fewer characters than today's.
        if (restic == Distribution)
            Assert.DoesNotContain(different, codePoint => codePoint < 0x600);
        else
            Assert.True(different.Count == 0, string.Join(' ', different.Select(codePoint => $"{codePoint:X4}")));
    }

    /// <summary>The code points of a name that one program escapes and the other does not.</summary>
    private static IEnumerable<int> Differences(Node node, string ours, string theirs)
    {
        var found = 0;
        foreach (var rune in Encoding.UTF8.GetString(node.Name.Span).EnumerateRunes())
        {
            var escape = rune.IsBmp
                ? string.Create(CultureInfo.InvariantCulture, $@"\\u{rune.Value:x4}")
                : string.Create(CultureInfo.InvariantCulture, $@"\\U{rune.Value:x8}");
            if (ours.Contains(escape, StringComparison.Ordinal) == theirs.Contains(escape, StringComparison.Ordinal))
                continue;
            found++;
            yield return rune.Value;
        }
        Assert.True(found > 0, theirs);
    }

    private static async Task<byte[]> LoadNames(string location)
    {
        var store = new DirectoryStore(location);
        await using var repository = await Repository.OpenAsync(store, Encoding.UTF8.GetBytes(Password), default);
        await repository.LoadIndexAsync(default);
        await foreach (var info in store.ListAsync(ObjectKind.Snapshot, default))
        {
            var text = await repository.LoadUnpackedAsync(info.Name, default);
            var root = SnapshotJson.Parse(text, info.Name.Id).Tree;
            var reader = new TreeReader(await repository.Blobs.LoadAsync(BlobType.Tree, root, default), "root");
            var node = new Node();
            Assert.True(reader.Read(node));
            return await repository.Blobs.LoadAsync(BlobType.Tree, node.Subtree!.Value, default);
        }
        throw new InvalidOperationException("There is no snapshot.");
    }
}
