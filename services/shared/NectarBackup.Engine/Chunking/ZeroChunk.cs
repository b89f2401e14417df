namespace NectarBackup.Engine.Chunking;

/// <summary>The chunk that runs of zeros are cut into: the digest of zeros is 0, so the first allowed cut is taken.</summary>
public static class ZeroChunk
{
    /// <summary>Bytes of the chunk.</summary>
    public const int Size = Chunker.MinSize;

    /// <summary>The id of the chunk.</summary>
    public static ObjectId Id { get; } = ObjectId.Of(new byte[Size]);

    /// <summary>Whether the chunk at the start of <paramref name="data"/> is the zero chunk. Reads at most 512 KiB.</summary>
    public static bool Starts(ReadOnlySpan<byte> data) =>
        data.Length >= Size && !data[..Size].ContainsAnyExcept((byte)0);
}
