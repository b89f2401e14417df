namespace NectarBackup.Engine.LocalFiles;

/// <summary>The path of the entry at hand, grown and cut as the walk goes down and up.</summary>
internal sealed class PathBuffer
{
    private byte[] _bytes = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    public void Reset(ReadOnlySpan<byte> path)
    {
        Length = 0;
        Append(path);
    }

    /// <summary>Adds a component.</summary>
    /// <returns>The length before, for <see cref="Cut"/>.</returns>
    public int Push(ReadOnlySpan<byte> name)
    {
        var before = Length;
        if (Length > 0 && _bytes[Length - 1] != (byte)'/')
            Append("/"u8);
        Append(name);
        return before;
    }

    public void Cut(int length) => Length = length;

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - Length < bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + bytes.Length));
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }
}
