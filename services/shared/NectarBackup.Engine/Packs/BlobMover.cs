using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Walks;

namespace NectarBackup.Engine.Packs;

/// <summary>
/// Takes blobs out of a pack and appends them to new ones, in the same repository (the sealed bytes are used again) or in another (sealed anew). Every blob is
/// proved on the way; one that is damaged is taken from another pack that has it. Neighbours are read at once. One thread at a time.
/// </summary>
internal sealed class BlobMover(Repository source, Repository target, PackAppender to) : IDisposable
{
    /// <summary>Bytes that are read for nothing rather than by a second request; and bytes of one read, unless a single blob is longer.</summary>
    private const int MaxGap = 128 << 10,
        MaxRead = 8 << 20;

    private readonly ScratchMemory _stored = new();
    private readonly ScratchMemory _inside = new();
    private readonly ScratchMemory _content = new();

    /// <param name="pack">Where the blobs are.</param>
    /// <param name="blobs">Which, by ascending offset.</param>
    /// <param name="compress">Compress what is stored raw.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    /// <exception cref="RepositoryException">Damaged: no place of a blob is good.</exception>
    public async Task MoveAsync(
        ObjectId pack,
        IReadOnlyList<PackBlob> blobs,
        bool compress,
        CancellationToken cancellationToken
    )
    {
        for (int first = 0, next; first < blobs.Count; first = next)
        {
            long start = blobs[first].Offset;
            var end = start + blobs[first].Length;
            for (next = first + 1; next < blobs.Count; next++)
            {
                var stop = (long)blobs[next].Offset + blobs[next].Length;
                if (blobs[next].Offset - end > MaxGap || stop - start > MaxRead)
                    break;
                end = Math.Max(end, stop);
            }
            var isRead = await TryReadAsync(pack, start, (int)(end - start), cancellationToken);
            for (var i = first; i < next; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!isRead || !TryAppend(pack, blobs[i], (int)(blobs[i].Offset - start), compress))
                    await AppendOtherAsync(blobs[i], cancellationToken);
            }
        }
    }

    private async Task<bool> TryReadAsync(ObjectId pack, long start, int length, CancellationToken cancellationToken)
    {
        _stored.Reserve(length);
        try
        {
            var name = new ObjectName(ObjectKind.Pack, pack);
            await source.Store.ReadAsync(name, start, _stored.Memory[..length], cancellationToken);
            return true;
        }
        catch (StoreException e) when (e.IsNotFound || e.Fault == StoreFault.TooShort)
        {
            return false;
        }
    }

    private bool TryAppend(ObjectId pack, in PackBlob blob, int at, bool compress)
    {
        var stored = _stored.Slice(at, (int)blob.Length);
        var insideLength = blob.IsCompressed ? stored.Length - BlobCipher.Overhead : 0;
        _inside.Reserve(insideLength);
        _content.Reserve((int)blob.ContentLength);
        var inside = _inside.Slice(0, insideLength);
        var content = _content.Slice(0, (int)blob.ContentLength);
        try
        {
            source.Blobs.Open(blob, stored, inside, content, pack);
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            return false;
        }
        var mayCompress = target.Config.Version >= 2;
        var asItIs = blob.IsCompressed ? mayCompress : !(mayCompress && (compress || blob.Type == BlobType.Tree));
        if (!asItIs)
            to.AppendPlain(blob.Type, blob.Id, content);
        else if (ReferenceEquals(source, target))
            to.AppendSealed(blob, stored);
        else
            to.AppendOpened(blob, blob.IsCompressed ? inside : content);
        return true;
    }

    private async Task AppendOtherAsync(PackBlob blob, CancellationToken cancellationToken)
    {
        var content = await source.Blobs.LoadAsync(blob.Type, blob.Id, cancellationToken);
        to.AppendPlain(blob.Type, blob.Id, content);
    }

    public void Dispose()
    {
        ((IDisposable)_stored).Dispose();
        ((IDisposable)_inside).Dispose();
        ((IDisposable)_content).Dispose();
    }
}
