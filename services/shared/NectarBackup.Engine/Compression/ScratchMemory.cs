using System.Buffers;
using System.Runtime.InteropServices;

namespace NectarBackup.Engine.Compression;

/// <summary>A growing buffer outside the collected heap, so that its size is what the process really uses. One thread at a time.</summary>
internal sealed unsafe class ScratchMemory : MemoryManager<byte>
{
    private byte* _start;
    private int _length;

    /// <summary>Makes it at least so long, in bytes; the first <paramref name="keep"/> bytes stay, the rest is undefined.</summary>
    public void Reserve(int length, int keep = 0)
    {
        if (length <= _length)
            return;
        var larger = (byte*)NativeMemory.Alloc((nuint)length);
        new ReadOnlySpan<byte>(_start, keep).CopyTo(new Span<byte>(larger, length));
        NativeMemory.Free(_start);
        _start = larger;
        _length = length;
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public Span<byte> Slice(int start, int length) => GetSpan().Slice(start, length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin() { }

    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_start);
        _start = null;
        _length = 0;
    }
}
