using System.Diagnostics;
using System.Text;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Locks;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Maintenance;

/// <summary>Texts, frames and headers of extreme size: all end soon, in a typed error, within bounded memory.</summary>
public sealed class HostileTextTests
{
    private static readonly ObjectId s_id = ObjectId.Of([]);

    public static TheoryData<string> Openings =>
        ["[", "{\"a\":", "{\"packs\":[", "{\"nodes\":[", "{\"time\":{", "{\"x\":[{\"x\":["];

    [Theory, MemberData(nameof(Openings))]
    public void A_text_nested_a_million_deep_is_damage(string opening)
    {
        var deep = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(opening, 1_000_000)));
        var name = new ObjectName(ObjectKind.Snapshot, s_id);
        Action[] readers =
        [
            () => KeyFile.Parse(deep, s_id),
            () => RepositoryConfig.Parse(deep),
            () => IndexJson.Read(deep, s_id, static (_, _) => { }),
            () => SnapshotJson.Parse(deep, s_id),
            () => LockFile.Parse(deep, name),
            () => ReadTree(deep),
        ];
        var start = Stopwatch.GetTimestamp();
        foreach (var read in readers)
            Assert.Equal(RepositoryError.Damaged, Assert.Throws<RepositoryException>(read).Error);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 60);
    }

    private static void ReadTree(byte[] json)
    {
        var reader = new TreeReader(json, "the tree");
        var node = new Node();
        while (reader.Read(node)) { }
    }

    [Fact]
    public void A_frame_that_swells_stops_at_the_bound()
    {
        using var decompressor = new ZstdDecompressor();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(
            RepositoryError.Damaged,
            Assert.Throws<RepositoryException>(() => decompressor.DecompressBounded(Bomb(1 << 30), 1 << 20)).Error
        );
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Fact]
    public async Task An_index_that_swells_beyond_half_a_gigabyte_is_damage()
    {
        var repository = await Sample.NewAsync();
        byte[] plain = [2, .. Bomb(Repository.MaxUnpackedLength + 1)];
        var stored = new byte[plain.Length + 32];
        repository.Cipher.Seal(plain, stored);
        var name = new ObjectName(ObjectKind.Index, ObjectId.Of(stored));
        await repository.Store.PutAsync(name, ObjectContent.Of(stored), default);
        var error = await Assert.ThrowsAsync<RepositoryException>(() => repository.LoadIndexAsync(default));
        Assert.Equal(RepositoryError.Damaged, error.Error);
    }

    [Theory]
    [InlineData(BlobType.Data, 5, 100 << 20)] // holds more than it says
    [InlineData(BlobType.Data, PackHeader.MaxDataLength, 10)] // and less
    [InlineData(BlobType.Tree, 5, 100 << 20)]
    [InlineData(BlobType.Tree, 100 << 20, 10)]
    public async Task A_blob_that_swells_to_another_length_than_it_says_is_damage(BlobType type, int says, int holds)
    {
        var repository = await Sample.NewAsync();
        var frame = Bomb(holds);
        var stored = new byte[frame.Length + 32];
        repository.Cipher.Seal(frame, stored);
        var blob = new PackBlob(s_id, type, 0, (uint)stored.Length, (uint)says);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<RepositoryException>(() => repository.Blobs.Open(blob, stored, s_id));
        Assert.Equal(RepositoryError.Damaged, error.Error);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, says + (4 << 20));
    }

    [Theory]
    [InlineData("4294967295", "5")]
    [InlineData("2147483647", "5")]
    [InlineData("100", "4294967295")]
    [InlineData("4294967295", "0")]
    public void An_index_whose_blobs_cannot_be_is_damage(string length, string plain)
    {
        var json = Encoding.UTF8.GetBytes(
            $$"""{"packs":[{"id":"{{s_id}}","blobs":[{"id":"{{s_id}}","type":"data","offset":0,"length":{{length}},"uncompressed_length":{{plain}} }]}]}"""
        );
        Assert.Throws<RepositoryException>(() => IndexJson.Read(json, s_id, static (_, _) => { }));
    }

    [Theory]
    [InlineData(PackHeader.MaxSealedLength + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(uint.MaxValue)]
    [InlineData(31)]
    public void A_header_beyond_its_bound_is_damage(uint claimed)
    {
        var tail = BitConverter.GetBytes(claimed);
        Assert.Throws<RepositoryException>(() => PackReader.CheckLength(tail, uint.MaxValue, s_id));
    }

    [Fact]
    public void A_snapshot_of_a_million_paths_is_read()
    {
        var paths = string.Join(',', Enumerable.Range(0, 1_000_000).Select(i => $"\"/p{i}\""));
        var json = Encoding.UTF8.GetBytes(
            $$"""{"time":"2026-01-01T00:00:00Z","tree":"{{s_id}}","paths":[{{paths}}]}"""
        );
        var start = Stopwatch.GetTimestamp();
        Assert.Equal(1_000_000, SnapshotJson.Parse(json, s_id).Paths!.Count);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 60);
    }

    /// <summary>A zstd frame (RFC 8878) of zeros without a stated size: each block of 4 bytes stands for 128 KiB.</summary>
    private static byte[] Bomb(int length)
    {
        const int block = 128 << 10;
        const int rle = 1 << 1;
        var frame = new MemoryStream();
        frame.Write([0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3]); // window of 128 KiB
        while (length > 0)
        {
            var part = Math.Min(block, length);
            length -= part;
            var header = (part << 3) | rle | (length == 0 ? 1 : 0);
            frame.Write([(byte)header, (byte)(header >> 8), (byte)(header >> 16), 0]);
        }
        return frame.ToArray();
    }
}
