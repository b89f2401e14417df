using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Restore;

/// <summary>Reads ranges of packs and writes their blobs to all the places they belong in. One thread at a time.</summary>
internal sealed class RangeReader(RestoreRun run)
{
    /// <summary>Longest sealed blob that is read, in bytes: what does not shrink grows a little when it is compressed nevertheless.</summary>
    public const int MaxStoredLength = PackHeader.MaxDataLength + (1 << 20);

    // A blob's length is bounded by the index's own check; most ranges and blobs are far smaller than these grow to.
    private byte[] _stored = [];
    private byte[] _content = [];

    /// <summary>
    /// What cannot be read or is damaged is looked for in other packs; if it is nowhere, each file that needs it is told. Nobody is told
    /// <see cref="PendingFile.Done"/> here.
    /// </summary>
    public async Task ReadAsync(RestoreWindow window, PackRange range)
    {
        if (run.IsStopped)
            return;
        var (pack, start, length) = Bounds(window, range);
        Exception? fault = null;
        try
        {
            Reserve(ref _stored, length);
            var name = new ObjectName(ObjectKind.Pack, pack);
            await run
                .Repository.Store.ReadAsync(name, start, _stored.AsMemory(0, length), run.Stopped)
                .ConfigureAwait(false);
        }
        catch (StoreException e)
        {
            fault = e;
        }
        for (var first = range.First; first < range.End && !run.IsStopped; )
        {
            var blob = window.Places[first].Blob;
            var end = first + 1;
            while (end < range.End && window.Places[end].Blob.Blob.Offset == blob.Blob.Offset)
                end++;
            if (fault is null && TryOpen(blob, start))
                Write(window.Places[first..end], _content.AsSpan(0, (int)blob.Blob.ContentLength));
            else
                await WriteFromElsewhereAsync(window, new PackRange(first, end)).ConfigureAwait(false);
            first = end;
        }
    }

    private static (ObjectId Pack, long Start, int Length) Bounds(RestoreWindow window, PackRange range)
    {
        var places = window.Places[range.First..range.End];
        var start = (long)places[0].Blob.Blob.Offset;
        var end = start;
        foreach (ref readonly var place in places)
            end = Math.Max(end, (long)place.Blob.Blob.Offset + place.Blob.Blob.Length);
        return (places[0].Blob.Pack, start, (int)(end - start));
    }

    private bool TryOpen(in BlobLocation place, long start)
    {
        var stored = _stored.AsSpan((int)(place.Blob.Offset - start), (int)place.Blob.Length);
        var length = (int)place.Blob.ContentLength;
        Reserve(ref _content, length);
        // Decrypted in place: no blob is opened twice out of one buffer.
        var scratch = stored[16..];
        try
        {
            run.Repository.Blobs.Open(place.Blob, stored, scratch, _content.AsSpan(0, length), place.Pack);
            return true;
        }
        catch (RepositoryException e) when (e.Error == RepositoryError.Damaged)
        {
            return false;
        }
    }

    /// <summary>The way for blobs whose first place failed: all places are tried, one by one.</summary>
    private async Task WriteFromElsewhereAsync(RestoreWindow window, PackRange range)
    {
        var id = window.Places[range.First].Blob.Blob.Id;
        try
        {
            var content = await run.Repository.Blobs.LoadAsync(BlobType.Data, id, run.Stopped).ConfigureAwait(false);
            Write(window.Places[range.First..range.End], content);
        }
        catch (Exception e) when (e is RepositoryException or StoreException)
        {
            foreach (ref readonly var place in window.Places[range.First..range.End])
                place.File!.Fail("content", e);
        }
    }

    private void Write(ReadOnlySpan<ChunkPlace> places, ReadOnlySpan<byte> content)
    {
        foreach (ref readonly var place in places)
        {
            try
            {
                place.File!.Write(content, place.At);
            }
            catch (LocalFileException e)
            {
                place.File!.Fail("write", e);
                run.StopIfHopeless(e);
            }
        }
    }

    private static void Reserve(ref byte[] buffer, int length)
    {
        if (buffer.Length < length)
            buffer = GC.AllocateUninitializedArray<byte>(length + BlobCipher.Overhead);
    }
}
