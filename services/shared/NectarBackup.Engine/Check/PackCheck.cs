using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Check;

/// <summary>
/// Reads whole packs and proves every byte. A pack is read once from start to end, and runs into its own hash on the way. Whenever the buffer holds a window of it, the
/// blobs that are complete are opened in place, those that are not compressed hashed together; what is left moves to the front. One thread at a time.
/// </summary>
internal sealed class PackCheck(Repository repository, Findings findings) : IDisposable
{
    /// <summary>Bytes of one read: little enough for the cache on a local disk, few enough requests over a network.</summary>
    private const int LocalRead = 1 << 20,
        NetworkRead = 8 << 20;

    /// <summary>Bytes of a pack that are opened together: enough blobs to fill most lanes of the hash.</summary>
    private const int Window = 12 << 20;

    private readonly int _readLength = repository.Store.IsRemote ? NetworkRead : LocalRead;
    private readonly ScratchMemory _buffer = new();
    private readonly ScratchMemory _content = new();
    private readonly List<PackBlob> _plain = [];
    private readonly List<HashRequest> _requests = [];
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <param name="pack">Its id.</param>
    /// <param name="length">Its size in the store.</param>
    /// <param name="blobs">What the index says is in it, by ascending offset.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    public async Task RunAsync(ObjectId pack, long length, List<PackBlob> blobs, CancellationToken cancellationToken)
    {
        var name = new ObjectName(ObjectKind.Pack, pack);
        var isSound = true;
        long at = 0; // where in the pack the buffer begins
        var used = 0; // bytes in the buffer
        var next = 0; // the first blob that was not opened yet
        long read = 0;
        var end = 0L; // where the blobs so far end
        try
        {
            while (read < length)
            {
                do
                {
                    var count = (int)Math.Min(_readLength, length - read);
                    _buffer.Reserve(used + count, used);
                    await repository.Store.ReadAsync(name, read, _buffer.Memory.Slice(used, count), cancellationToken);
                    _hash.AppendData(_buffer.Slice(used, count));
                    used += count;
                    read += count;
                } while (used < Window && read < length);
                for (; next < blobs.Count && (long)blobs[next].Offset + blobs[next].Length <= read; next++)
                {
                    var blob = blobs[next];
                    if (blob.Offset < end)
                        isSound = Report(pack, blob, "it overlaps the blob before it");
                    else
                        isSound &= blob.IsCompressed
                            ? OpenBlob(pack, blob, (int)(blob.Offset - at))
                            : OpenPlain(pack, blob, (int)(blob.Offset - at));
                    end = Math.Max(end, (long)blob.Offset + blob.Length);
                }
                isSound &= HashPlain(pack);
                // Keep what belongs to the next blob, or after the last one to the header.
                var keepFrom = Math.Clamp(end, at, read);
                _buffer.Slice((int)(keepFrom - at), (int)(read - keepFrom)).CopyTo(_buffer.GetSpan());
                used = (int)(read - keepFrom);
                at = keepFrom;
                if (used > PackHeader.MaxDataLength + PackHeader.MaxSealedLength && next == blobs.Count)
                    throw RepositoryException.Damaged($"pack {pack}", "its blobs end long before its header");
            }
            isSound &= CheckHeader(pack, length, blobs, _buffer.Slice(0, used));
        }
        catch (RepositoryException e)
        {
            _plain.Clear();
            _requests.Clear();
            findings.PackBad(pack, e.Message);
            isSound = false;
        }
        catch (StoreException e)
        {
            _ = _hash.GetHashAndReset();
            if (e.IsNotFound || e.Fault == StoreFault.TooShort)
                findings.PackEndsAt(CheckFault.PackDamaged, pack, read, e.Message, "run 'repair index'");
            else
                findings.Add(CheckFault.Unreadable, name, e);
            return;
        }
        Span<byte> hash = stackalloc byte[ObjectId.Size];
        _hash.GetHashAndReset(hash);
        if (isSound && new ObjectId(hash) != pack)
            findings.PackBad(pack, $"pack {pack} is damaged: its content does not match its name");
    }

    /// <summary>Opens a blob that is not compressed in place, to be hashed with the others of the window.</summary>
    private unsafe bool OpenPlain(ObjectId pack, in PackBlob blob, int at)
    {
        var stored = _buffer.Slice(at, (int)blob.Length);
        var content = stored[16..^16];
        if (!repository.Cipher.TryOpen(stored, content))
            return Report(pack, blob, "its authentication code is wrong");
        _plain.Add(blob);
        // The buffer lies outside the managed heap and does not move until it grows.
        fixed (byte* start = content)
            _requests.Add(new HashRequest(start, content.Length, null));
        return true;
    }

    private unsafe bool HashPlain(ObjectId pack)
    {
        var isSound = true;
        var ids = new ObjectId[_plain.Count];
        fixed (ObjectId* results = ids)
        {
            for (var i = 0; i < ids.Length; i++)
                _requests[i] = new HashRequest(_requests[i].Data, _requests[i].Length, results + i);
            Sha256Lanes.HashMany(CollectionsMarshal.AsSpan(_requests));
        }
        for (var i = 0; i < ids.Length; i++)
            if (ids[i] != _plain[i].Id)
                isSound = Report(pack, _plain[i], "its content does not match its id");
        _plain.Clear();
        _requests.Clear();
        return isSound;
    }

    private bool OpenBlob(ObjectId pack, in PackBlob blob, int at)
    {
        var stored = _buffer.Slice(at, (int)blob.Length);
        var scratch = stored[16..^16];
        if (blob.ContentLength > int.MaxValue - BlobCipher.Overhead)
            return Report(pack, blob, $"it claims {blob.ContentLength} bytes");
        _content.Reserve((int)blob.ContentLength);
        try
        {
            repository.Blobs.Open(blob, stored, scratch, _content.Slice(0, (int)blob.ContentLength), pack);
            return true;
        }
        catch (RepositoryException e)
        {
            findings.BlobBad(pack, blob, e.Message);
            return false;
        }
    }

    private bool Report(ObjectId pack, in PackBlob blob, string how)
    {
        findings.BlobBad(pack, blob, $"blob {blob.Id.Short} at {blob.Offset} of pack {pack} is damaged: {how}");
        return false;
    }

    private bool CheckHeader(ObjectId pack, long length, List<PackBlob> blobs, ReadOnlySpan<byte> tail)
    {
        if (tail.Length < PackHeader.LengthField)
            throw RepositoryException.Damaged($"pack {pack}", "it has no header");
        var sealedLength = PackReader.CheckLength(tail, length, pack);
        if (sealedLength + PackHeader.LengthField > tail.Length)
            throw RepositoryException.Damaged($"pack {pack}", "its header overlaps its blobs");
        var header = tail[..^PackHeader.LengthField][^sealedLength..];
        var listed = PackReader.Open(repository, header, length, pack);
        listed.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        if (CollectionsMarshal.AsSpan(listed).SequenceEqual(CollectionsMarshal.AsSpan(blobs)))
            return true;
        findings.Add(
            CheckFault.IndexDisagrees,
            new ObjectName(ObjectKind.Pack, pack),
            $"pack {pack}: the index does not list the blobs that its header has",
            "run 'repair index --read-all-packs'"
        );
        return false;
    }

    public void Dispose()
    {
        _hash.Dispose();
        ((IDisposable)_buffer).Dispose();
        ((IDisposable)_content).Dispose();
    }
}
