using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Packs;

/// <summary>A whole pack in a spool file, ready to be stored.</summary>
public sealed record FinishedPack(ObjectId Id, string SpoolPath, long Length, List<PackBlob> Blobs);

/// <summary>
/// Writes packs, one after the other, to spool files: blobs are appended as they come, the pack's own hash runs along. One thread at a time.
/// The file lies in the store's own spool directory, so that a directory store takes it over by renaming it.
/// </summary>
public sealed class PackWriter(Repository repository) : IDisposable
{
    /// <summary>A pack is closed by the blob that takes it to this size in bytes, as restic's default.</summary>
    public const int TargetLength = 16 << 20;

    private IncrementalHash? _hash;
    private SafeFileHandle? _file;
    private string _path = "";
    private List<PackBlob> _blobs = [];
    private long _length;

    /// <summary>
    /// A pack of very small blobs is closed by this number of them: its header and its entry in the index are held in memory as a whole.
    /// </summary>
    public const int MaxBlobs = 1 << 16;

    /// <summary>The pack should be finished now.</summary>
    public bool IsFull => _length >= TargetLength || _blobs.Count >= MaxBlobs;

    public bool IsEmpty => _blobs.Count == 0;

    /// <summary>
    /// Appends sealed blobs that lie one behind the other in <paramref name="stored"/>; the places' offsets are set here.
    /// </summary>
    public void Append(ReadOnlySpan<byte> stored, ReadOnlySpan<PackBlob> blobs)
    {
        if (_file is null)
            Begin();
        var offset = _length;
        foreach (ref readonly var blob in blobs)
        {
            _blobs.Add(blob with { Offset = (uint)offset });
            offset += blob.Length;
        }
        Write(stored);
    }

    /// <summary>Ends the pack with its header. The writer is then ready for the next one.</summary>
    public FinishedPack Finish()
    {
        var entries = PackHeader.Encode(_blobs);
        var tail = new byte[entries.Length + BlobCipher.Overhead + PackHeader.LengthField];
        var header = tail.AsSpan(0, entries.Length + BlobCipher.Overhead);
        repository.Cipher.Seal(entries, header);
        BinaryPrimitives.WriteUInt32LittleEndian(tail.AsSpan(header.Length), (uint)header.Length);
        Write(tail);
        Span<byte> id = stackalloc byte[ObjectId.Size];
        _hash!.GetHashAndReset(id);
        _file!.Dispose();
        _file = null;
        var pack = new FinishedPack(new ObjectId(id), _path, _length, _blobs);
        _blobs = [];
        _length = 0;
        return pack;
    }

    private void Begin()
    {
        _path = Path.Combine(repository.SpoolDirectory, $"pack-{Guid.NewGuid():n}");
        _file = File.OpenHandle(_path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        _hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _length = 0;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _hash!.AppendData(bytes);
        RandomAccess.Write(_file!, bytes, _length);
        _length += bytes.Length;
    }

    /// <summary>Throws an unfinished pack away.</summary>
    public void Dispose()
    {
        _hash?.Dispose();
        if (_file is null)
            return;
        _file.Dispose();
        File.Delete(_path);
    }
}
