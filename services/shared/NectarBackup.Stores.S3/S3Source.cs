using System.Buffers;
using System.Net;
using Microsoft.Win32.SafeHandles;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>The bytes of an object that is to be stored, from memory or a spool file, read from any place by any number of parts at once.</summary>
internal sealed class S3Source : IDisposable
{
    /// <summary>Bytes that are sent, and after which the time limit begins anew.</summary>
    private const int Slice = 256 << 10;

    private readonly ObjectContent _content;
    private readonly SafeFileHandle? _file;

    /// <exception cref="StoreException">Permanent: the spool file is missing, unreadable, or too short.</exception>
    public S3Source(ObjectName name, ObjectContent content)
    {
        _content = content;
        _file = content.SpoolPath is null ? null : SpoolFiles.Open(name, content);
    }

    public long Length => _content.Length;

    /// <summary>Passes a range on in slices.</summary>
    /// <exception cref="StoreException">Permanent: the spool file cannot be read.</exception>
    public async Task ReadAsync(long start, long length, Func<ReadOnlyMemory<byte>, ValueTask> sink)
    {
        var buffer = _file is null ? [] : ArrayPool<byte>.Shared.Rent(Slice);
        try
        {
            for (long done = 0; done < length; )
            {
                var count = (int)Math.Min(Slice, length - done);
                var slice = _file is null
                    ? _content.Memory.Slice((int)(start + done), count)
                    : Fill(buffer.AsMemory(0, count), start + done);
                await sink(slice).ConfigureAwait(false);
                done += slice.Length;
            }
        }
        finally
        {
            if (_file is not null)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ReadOnlyMemory<byte> Fill(Memory<byte> buffer, long offset)
    {
        try
        {
            // A spool file was written just now and lies in the page cache: an asynchronous read would only change threads.
            var read = RandomAccess.Read(_file!, buffer.Span, offset);
            return read > 0 ? buffer[..read] : throw new EndOfStreamException("it was cut off meanwhile");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                StoreFault.Permanent,
                $"cannot read the spool file '{_content.SpoolPath}': {e.Message}",
                e
            );
        }
    }

    /// <summary>SHA-256 of a range.</summary>
    public async Task<ObjectId> HashAsync(long start, long length, StallGuard guard)
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(
            System.Security.Cryptography.HashAlgorithmName.SHA256
        );
        await ReadAsync(
                start,
                length,
                slice =>
                {
                    guard.Token.ThrowIfCancellationRequested();
                    guard.Moved();
                    hash.AppendData(slice.Span);
                    return ValueTask.CompletedTask;
                }
            )
            .ConfigureAwait(false);
        return new ObjectId(hash.GetHashAndReset());
    }

    public void Dispose() => _file?.Dispose();
}

/// <summary>A range of a source as the body of a request; it can be sent again on another connection.</summary>
internal sealed class S3Body(S3Source source, long start, long length, StallGuard guard) : HttpContent
{
    protected override bool TryComputeLength(out long computed)
    {
        computed = length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream,
        TransportContext? context,
        CancellationToken cancellationToken
    ) =>
        source.ReadAsync(
            start,
            length,
            async slice =>
            {
                await stream.WriteAsync(slice, cancellationToken).ConfigureAwait(false);
                guard.Moved();
            }
        );
}
