using System.Runtime.InteropServices;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// A reused block of native memory with the chunks of many small files, or of a piece of a large one: the unit of work that goes from a source
/// to a worker. Large enough for the largest chunk, small enough that several fit in the memory bound.
/// </summary>
internal sealed unsafe class Slab : IDisposable
{
    /// <summary>Bytes: the largest chunk (8 MiB) that is still open, and room to read on.</summary>
    public const int Size = 12 << 20;

    /// <summary>Chunks of a slab; only very small files reach it.</summary>
    public const int MaxChunks = 1 << 14;

    public byte* Memory { get; } = (byte*)NativeMemory.AlignedAlloc(Size, 4096);

    /// <summary>The chunks that are ready, in order.</summary>
    public List<Chunk> Chunks { get; } = new(256);

    public Span<byte> Bytes => new(Memory, Size);

    public ReadOnlySpan<byte> BytesOf(in Chunk chunk) => new(Memory + chunk.Offset, chunk.Length);

    public void Dispose() => NativeMemory.AlignedFree(Memory);
}

/// <summary>A chunk in a slab, and where its id has to be written once it is known.</summary>
internal readonly record struct Chunk(int Offset, int Length, DirectoryBuilder Directory, byte[] Text, int TextOffset);
