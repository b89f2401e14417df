using System.Buffers.Binary;
using NectarBackup.Engine;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Fuzz.Targets;

/// <summary>Pack files and what is in them.</summary>
internal static class PackTargets
{
    private static readonly ObjectId s_pack = ObjectId.Of("pack"u8);

    /// <summary>Content length that the bounded decompressor gets; small, so that reaching it is common.</summary>
    private const int Bound = 1 << 20;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("pack-header", HeaderSeeds(), Header, typeof(RepositoryException)),
        new("pack", PackSeeds(), Pack, typeof(RepositoryException)) { MaxAllocated = 2L << 30, Weight = 4 },
        new("zstd", ZstdSeeds(), Frames, typeof(RepositoryException)),
    ];

    private static PackBlob[] Blobs(params byte[][] contents)
    {
        var blobs = new PackBlob[contents.Length];
        uint offset = 0;
        for (var i = 0; i < contents.Length; i++)
        {
            var isCompressed = i % 2 == 1;
            var length = isCompressed ? FixedRepository.Compress(contents[i]).Length : contents[i].Length;
            blobs[i] = new PackBlob(
                ObjectId.Of(contents[i]),
                i == 2 ? BlobType.Tree : BlobType.Data,
                offset,
                (uint)(length + BlobCipher.Overhead),
                isCompressed ? (uint)contents[i].Length : 0
            );
            offset += blobs[i].Length;
        }
        return blobs;
    }

    private static byte[][] HeaderSeeds()
    {
        var blobs = Blobs("one"u8.ToArray(), new byte[5000], "{\"nodes\":[]}"u8.ToArray());
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, PackHeader.PackLength(blobs));
        return
        [
            [.. length, .. PackHeader.Encode(blobs)],
        ];
    }

    // Input: length of the pack (8 bytes), the opened entries.
    private static void Header(byte[] input)
    {
        if (input.Length < 8)
            throw new NotAnInputException();
        var length = BinaryPrimitives.ReadInt64LittleEndian(input);
        var blobs = PackHeader.Parse(input.AsSpan(8), length, s_pack);
        InvariantException.Require(PackHeader.PackLength(blobs) == length, "the blobs fill the pack");
        InvariantException.Require(PackHeader.Encode(blobs).AsSpan().SequenceEqual(input.AsSpan(8)), "nothing is lost");
    }

    private static byte[][] PackSeeds()
    {
        byte[][] contents = ["one"u8.ToArray(), new byte[5000], "{\"nodes\":[]}"u8.ToArray(), [.. "abcabcabc"u8]];
        var blobs = Blobs(contents);
        var entries = PackHeader.Encode(blobs);
        byte[] plain =
        [
            .. contents[0],
            .. FixedRepository.Compress(contents[1]),
            .. contents[2],
            .. FixedRepository.Compress(contents[3]),
        ];
        var frame = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(frame, entries.Length);
        return
        [
            [.. frame, .. entries, .. plain],
        ];
    }

    // Input: length of the entries, what to add to the stored length field, the entries, the blobs as they are before sealing. Whatever the entries
    // claim, each blob is sealed by the right key, so that all that lies behind the authentication code is reached.
    private static void Pack(byte[] input)
    {
        if (input.Length < 8)
            throw new NotAnInputException();
        var entriesLength = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(input), (uint)input.Length - 8);
        var entries = input.AsSpan(8, entriesLength);
        var rest = input.AsSpan(8 + entriesLength);
        var pack = new MemoryStream();
        for (var at = 0; at + 37 <= entries.Length; at += entries[at] is 2 or 3 ? 41 : 37)
        {
            var length = Math.Max(
                0,
                BinaryPrimitives.ReadUInt32LittleEndian(entries[(at + 1)..]) - (long)BlobCipher.Overhead
            );
            var plain = rest[..(int)Math.Min(length, rest.Length)];
            rest = rest[plain.Length..];
            pack.Write(FixedRepository.Seal(FixedRepository.Key, plain));
        }
        pack.Write(FixedRepository.Seal(FixedRepository.Key, entries));
        var field = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(
            field,
            (uint)(entriesLength + BlobCipher.Overhead) + BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(4))
        );
        pack.Write(field);
        Read(pack.ToArray());
    }

    private static void Read(byte[] bytes)
    {
        var repository = FixedRepository.New();
        var name = new ObjectName(ObjectKind.Pack, s_pack);
        repository.Store.PutAsync(name, ObjectContent.Of(bytes), default).GetAwaiter().GetResult();
        var blobs = PackReader.ReadHeaderAsync(repository, s_pack, bytes.Length, default).GetAwaiter().GetResult();
        RepositoryException? first = null;
        foreach (var blob in blobs)
        {
            repository.Index.Add(s_pack, blob);
            try
            {
                var content = repository.Blobs.LoadAsync(blob.Type, blob.Id, default).AsTask().GetAwaiter().GetResult();
                InvariantException.Require(ObjectId.Of(content) == blob.Id, "never a wrong byte");
            }
            catch (RepositoryException e)
            {
                first ??= e;
            }
        }
        if (first is not null)
            throw first;
    }

    private static byte[][] ZstdSeeds()
    {
        var text = new byte[20_000];
        for (var i = 0; i < text.Length; i++)
            text[i] = (byte)("the quick brown fox "[i % 20] + (i * i % 97 == 0 ? 1 : 0));
        return
        [
            FixedRepository.Compress(text),
            FixedRepository.Compress(new byte[Bound]),
            FixedRepository.Compress([]),
            [.. FixedRepository.Compress("a"u8), .. FixedRepository.Compress(text.AsSpan(0, 300))],
            [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4, .. FixedRepository.Compress("after a skippable frame"u8)],
        ];
    }

    private static void Frames(byte[] input)
    {
        using var one = new ZstdDecompressor();
        byte[]? grown = null;
        try
        {
            grown = one.DecompressBounded(input, Bound);
            InvariantException.Require(grown.Length <= Bound, "no more than the bound");
        }
        catch (RepositoryException) { }
        // After a failure the same context is used again.
        using var other = new ZstdDecompressor();
        var buffer = new byte[Bound + 16];
        buffer.AsSpan(Bound).Fill(0xa5);
        var length = other.Decompress(input, buffer.AsSpan(0, Bound));
        InvariantException.Require(buffer.AsSpan(Bound).IndexOfAnyExcept((byte)0xa5) < 0, "nothing behind the end");
        InvariantException.Require(
            grown is null || grown.AsSpan().SequenceEqual(buffer.AsSpan(0, length)),
            "both calls agree"
        );
        _ = one.Decompress(input, buffer.AsSpan(0, length));
    }
}
