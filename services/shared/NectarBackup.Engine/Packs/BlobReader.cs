using System.Buffers;
using System.Collections.Concurrent;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Packs;

/// <summary>
/// Reads single blobs by id: finds the place, reads the range, checks the authentication code, decompresses, checks the hash. If one place is damaged the
/// next one is tried. Thread safe. Whoever reads many blobs of a pack in order reads ranges of the pack instead and calls <see cref="Open"/>.
/// </summary>
public sealed class BlobReader(Repository repository)
{
    /// <summary>
    /// Trees are written after the trees below them and read before them, so a window around a tree mostly holds what is asked for next: bytes
    /// read before and after a tree that was not in a window.
    /// </summary>
    private const int WindowBefore = 768 << 10,
        WindowAfter = 256 << 10,
        MaxWindows = 8;

    private readonly ConcurrentBag<ZstdDecompressor> _decompressors = [];
    private readonly Lock _lock = new();
    private readonly LinkedList<Window> _windows = [];

    /// <summary>A piece of a pack. Its memory is used again for the next window, so it is only read under the lock.</summary>
    private sealed class Window
    {
        public readonly byte[] Bytes = new byte[WindowBefore + WindowAfter];
        public ObjectId Pack;
        public long Offset;
        public int Length;

        public bool Holds(in BlobLocation place) =>
            Pack == place.Pack
            && Offset <= place.Blob.Offset
            && Offset + Length >= (long)place.Blob.Offset + place.Blob.Length;
    }

    /// <summary>The plain content of a blob.</summary>
    /// <exception cref="RepositoryException">Damaged: not in the index, or no place holds it undamaged.</exception>
    /// <exception cref="StoreException">No place could be read.</exception>
    public async ValueTask<byte[]> LoadAsync(BlobType type, ObjectId id, CancellationToken cancellationToken)
    {
        var content = Array.Empty<byte>();
        await LoadAsync(type, id, length => content = new byte[length], cancellationToken);
        return content;
    }

    /// <summary>
    /// As the other <c>LoadAsync</c>, into an array from <see cref="ArrayPool{T}.Shared"/>, which the caller returns there: trees of large directories would each
    /// cost a large object.
    /// </summary>
    /// <returns>The array and the length of the content in it.</returns>
    internal async ValueTask<(byte[] Array, int Length)> RentAsync(
        BlobType type,
        ObjectId id,
        CancellationToken cancellationToken
    )
    {
        byte[]? content = null;
        var length = await LoadAsync(
            type,
            id,
            length =>
                content is not null && content.Length >= length
                    ? content
                    : content = ArrayPool<byte>.Shared.Rent(length),
            cancellationToken
        );
        return (content!, length);
    }

    private async ValueTask<int> LoadAsync(
        BlobType type,
        ObjectId id,
        Func<int, byte[]> provide,
        CancellationToken cancellationToken
    )
    {
        Exception? failure = null;
        foreach (var place in repository.Index.FindAll(type, id))
        {
            var stored = ArrayPool<byte>.Shared.Rent((int)place.Blob.Length);
            try
            {
                var sealedBytes = stored.AsMemory(0, (int)place.Blob.Length);
                if (type == BlobType.Tree && place.Blob.Length <= WindowBefore)
                    await ReadWindowAsync(place, sealedBytes, cancellationToken);
                else
                    await repository.Store.ReadAsync(
                        new ObjectName(ObjectKind.Pack, place.Pack),
                        place.Blob.Offset,
                        sealedBytes,
                        cancellationToken
                    );
                var length = (int)place.Blob.ContentLength;
                var inside = sealedBytes[16..^16];
                Open(place.Blob, sealedBytes.Span, inside.Span, provide(length).AsSpan(0, length), place.Pack);
                return length;
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                failure = e;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(stored);
            }
        }
        throw failure
            ?? RepositoryException.Damaged(
                $"{type.ToString().ToLowerInvariant()} blob {id}",
                "no index knows where it is"
            );
    }

    private async ValueTask ReadWindowAsync(BlobLocation place, Memory<byte> to, CancellationToken cancellationToken)
    {
        var window = TryCopy(place, to);
        if (window is null)
            return;
        try
        {
            var (pack, blob) = place;
            var name = new ObjectName(ObjectKind.Pack, pack);
            var length = await repository.Store.FindLengthAsync(name, cancellationToken) ?? 0;
            var end = (long)blob.Offset + blob.Length;
            if (length < end)
                throw RepositoryException.Damaged(
                    $"pack {pack}",
                    length == 0 ? "it is missing" : $"it ends at {length}"
                );
            window.Pack = pack;
            window.Offset = Math.Max(0, end - WindowBefore);
            window.Length = (int)(Math.Min(length, end + WindowAfter) - window.Offset);
            await repository.Store.ReadAsync(
                name,
                window.Offset,
                window.Bytes.AsMemory(0, window.Length),
                cancellationToken
            );
            window.Bytes.AsMemory((int)(blob.Offset - window.Offset), (int)blob.Length).CopyTo(to);
        }
        catch
        {
            window.Length = 0;
            throw;
        }
        finally
        {
            lock (_lock)
                _windows.AddFirst(window);
        }
    }

    /// <summary>Copies a blob out of the window that holds it; if there is none, hands out the window to read it into.</summary>
    private Window? TryCopy(in BlobLocation place, Memory<byte> to)
    {
        lock (_lock)
        {
            for (var at = _windows.First; at is not null; at = at.Next)
            {
                var known = at.Value;
                if (!known.Holds(place))
                    continue;
                known.Bytes.AsMemory((int)(place.Blob.Offset - known.Offset), (int)place.Blob.Length).CopyTo(to);
                _windows.Remove(at);
                _windows.AddFirst(at);
                return null;
            }
            if (_windows.Count < MaxWindows)
                return new Window();
            var oldest = _windows.Last!.Value;
            _windows.RemoveLast();
            return oldest;
        }
    }

    /// <summary>Checks and opens the stored bytes of one blob.</summary>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public byte[] Open(in PackBlob blob, ReadOnlySpan<byte> stored, ObjectId pack)
    {
        var content = new byte[blob.ContentLength];
        Span<byte> scratch = blob.IsCompressed ? new byte[stored.Length - BlobCipher.Overhead] : [];
        Open(blob, stored, scratch, content, pack);
        return content;
    }

    /// <summary>Checks and opens the stored bytes of one blob into buffers of the caller.</summary>
    /// <param name="blob">Its place.</param>
    /// <param name="stored">The sealed bytes; unchanged, unless <paramref name="scratch"/> overlaps them.</param>
    /// <param name="scratch">At least sealed length - 32 bytes if the blob is compressed; may be the inside of <paramref name="stored"/>.</param>
    /// <param name="content">Exactly the content's length.</param>
    /// <param name="pack">For the message.</param>
    /// <exception cref="RepositoryException">Damaged: authentication code, compressed data or hash are wrong.</exception>
    public void Open(in PackBlob blob, ReadOnlySpan<byte> stored, Span<byte> scratch, Span<byte> content, ObjectId pack)
    {
        var plain = blob.IsCompressed ? scratch[..(stored.Length - BlobCipher.Overhead)] : content;
        if (!repository.Cipher.TryOpen(stored, plain))
            throw Bad(blob, pack, "its authentication code is wrong");
        if (blob.IsCompressed)
            Decompress(blob, plain, content, pack);
        if (ObjectId.Of(content) != blob.Id)
            throw Bad(blob, pack, "its content does not match its id");
    }

    private void Decompress(in PackBlob blob, ReadOnlySpan<byte> from, Span<byte> content, ObjectId pack)
    {
        if (!_decompressors.TryTake(out var decompressor))
            decompressor = new ZstdDecompressor();
        try
        {
            if (decompressor.Decompress(from, content) != content.Length)
                throw Bad(blob, pack, "it decompresses to another length");
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            throw Bad(blob, pack, e.Message, e);
        }
        finally
        {
            _decompressors.Add(decompressor);
        }
    }

    private static RepositoryException Bad(in PackBlob blob, ObjectId pack, string how, Exception? inner = null) =>
        RepositoryException.Damaged(
            $"{blob.Type.ToString().ToLowerInvariant()} blob {blob.Id.Short} at {blob.Offset} of pack {pack}",
            how,
            inner
        );
}
