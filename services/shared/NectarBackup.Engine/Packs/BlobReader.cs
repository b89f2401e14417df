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

    private sealed record Window(ObjectId Pack, long Offset, byte[] Bytes);

    /// <summary>The plain content of a blob.</summary>
    /// <exception cref="RepositoryException">Damaged: not in the index, or no place holds it undamaged.</exception>
    /// <exception cref="StoreException">No place could be read.</exception>
    public async ValueTask<byte[]> LoadAsync(BlobType type, ObjectId id, CancellationToken cancellationToken)
    {
        var places = repository.Index.FindAll(type, id);
        Exception? failure = null;
        foreach (var place in places)
        {
            try
            {
                var window = type == BlobType.Tree ? await FindWindowAsync(place, cancellationToken) : null;
                if (window is not null)
                    return Open(
                        place.Blob,
                        window.Bytes.AsSpan((int)(place.Blob.Offset - window.Offset), (int)place.Blob.Length),
                        place.Pack
                    );
                var stored = new byte[place.Blob.Length];
                await repository.Store.ReadAsync(
                    new ObjectName(ObjectKind.Pack, place.Pack),
                    place.Blob.Offset,
                    stored,
                    cancellationToken
                );
                return Open(place.Blob, stored, place.Pack);
            }
            catch (Exception e) when (e is RepositoryException or StoreException)
            {
                failure = e;
            }
        }
        throw failure
            ?? RepositoryException.Damaged(
                $"{type.ToString().ToLowerInvariant()} blob {id}",
                "no index knows where it is"
            );
    }

    private async ValueTask<Window?> FindWindowAsync(BlobLocation place, CancellationToken cancellationToken)
    {
        var (pack, blob) = place;
        if (blob.Length > WindowBefore)
            return null;
        var end = (long)blob.Offset + blob.Length;
        lock (_lock)
        {
            for (var at = _windows.First; at is not null; at = at.Next)
            {
                var known = at.Value;
                if (known.Pack != pack || known.Offset > blob.Offset || known.Offset + known.Bytes.Length < end)
                    continue;
                _windows.Remove(at);
                _windows.AddFirst(at);
                return known;
            }
        }
        var name = new ObjectName(ObjectKind.Pack, pack);
        var length = await repository.Store.FindLengthAsync(name, cancellationToken) ?? 0;
        if (length < end)
            throw RepositoryException.Damaged($"pack {pack}", length == 0 ? "it is missing" : $"it ends at {length}");
        var from = Math.Max(0, end - WindowBefore);
        var to = Math.Min(length, end + WindowAfter);
        var window = new Window(pack, from, new byte[to - from]);
        await repository.Store.ReadAsync(name, from, window.Bytes, cancellationToken);
        lock (_lock)
        {
            _windows.AddFirst(window);
            if (_windows.Count > MaxWindows)
                _windows.RemoveLast();
        }
        return window;
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
