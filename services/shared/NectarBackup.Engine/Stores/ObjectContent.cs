namespace NectarBackup.Engine.Stores;

/// <summary>
/// What is to be stored: bytes in memory, or a spool file of which the first <see cref="Length"/> bytes count. A spool file is taken over by a
/// successful put (renamed or deleted), and stays with the caller after a failed one, so that it can be put again.
/// </summary>
public sealed class ObjectContent
{
    private ObjectContent(ReadOnlyMemory<byte> memory, string? spoolPath, long length) =>
        (Memory, SpoolPath, Length) = (memory, spoolPath, length);

    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>The spool file, or null if the content is in <see cref="Memory"/>.</summary>
    public string? SpoolPath { get; }

    public long Length { get; }

    public static ObjectContent Of(ReadOnlyMemory<byte> bytes) => new(bytes, null, bytes.Length);

    public static ObjectContent OfSpoolFile(string path, long length) => new(default, path, length);
}
