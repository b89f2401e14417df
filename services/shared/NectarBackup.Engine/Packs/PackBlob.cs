namespace NectarBackup.Engine.Packs;

/// <summary>What a blob holds (restic design: "Pack Format").</summary>
public enum BlobType : byte
{
    Data,
    Tree,
}

/// <summary>A blob's place in a pack.</summary>
/// <param name="Id">SHA-256 of the plain content.</param>
/// <param name="Type">Data or tree.</param>
/// <param name="Offset">Bytes from the start of the pack.</param>
/// <param name="Length">Bytes in the pack, sealed.</param>
/// <param name="PlainLength">Bytes of the content if it is compressed; 0 if it is stored as it is.</param>
public readonly record struct PackBlob(ObjectId Id, BlobType Type, uint Offset, uint Length, uint PlainLength)
{
    public bool IsCompressed => PlainLength != 0;

    /// <summary>Bytes of the plain content.</summary>
    public uint ContentLength => IsCompressed ? PlainLength : Length - Crypto.BlobCipher.Overhead;
}
