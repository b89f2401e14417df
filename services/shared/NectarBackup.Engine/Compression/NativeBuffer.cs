using System.Buffers;
using System.Runtime.InteropServices;

namespace NectarBackup.Engine.Compression;

/// <summary>
/// A growing buffer outside the managed heap, for the few megabytes that an index file is: as arrays they would stay until the next full collection and
/// set the peak of a small run. One thread at a time.
/// </summary>
internal sealed unsafe class NativeBuffer : IBufferWriter<byte>, IDisposable
{
    private byte* _start;
    private int _capacity;

    public int Length { get; private set; }

    public Span<byte> Written => new(_start, Length);

    public void Clear() => Length = 0;

    public void Advance(int count) => Length += count;

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return new Span<byte>(_start + Length, _capacity - Length);
    }

    /// <exception cref="NotSupportedException">Always: native memory has no <see cref="Memory{T}"/> here.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0) => throw new NotSupportedException();

    private void Reserve(int count)
    {
        if (_capacity - Length >= count)
            return;
        var capacity = (int)Math.Min(Array.MaxLength, Math.Max((long)Length + count, 2L * _capacity));
        if (capacity - Length < count)
            throw new RepositoryException(RepositoryError.Unsupported, "a file of the repository has more than 2 GiB");
        _start = (byte*)NativeMemory.Realloc(_start, (nuint)capacity);
        _capacity = capacity;
    }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
        _capacity = Length = 0;
    }
}
