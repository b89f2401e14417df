using Amazon.S3;
using Amazon.S3.Model;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>
/// Uploads a large object in parts, one after the other; several objects are under way at a time anyway. An upload that fails is aborted, since
/// its parts are stored, and paid for, unseen.
/// </summary>
internal sealed class S3Multipart(AmazonS3Client client, S3Options options)
{
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(30);

    public async Task PutAsync(string key, Stream source, long length, StallGuard guard)
    {
        var begun = await client
            .InitiateMultipartUploadAsync(
                new InitiateMultipartUploadRequest
                {
                    BucketName = options.Bucket,
                    Key = key,
                    ContentType = "application/octet-stream",
                },
                guard.Token
            )
            .ConfigureAwait(false);
        try
        {
            List<PartETag> parts = [];
            for (long start = 0; start < length; start += options.PartLength)
                parts.Add(
                    await PutPartAsync(key, begun.UploadId, parts.Count + 1, source, start, length, guard)
                        .ConfigureAwait(false)
                );
            await client
                .CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest
                    {
                        BucketName = options.Bucket,
                        Key = key,
                        UploadId = begun.UploadId,
                        PartETags = parts,
                    },
                    guard.Token
                )
                .ConfigureAwait(false);
        }
        catch
        {
            await AbortAsync(key, begun.UploadId).ConfigureAwait(false);
            throw;
        }
        // Ceph 16 answers the completion with an empty ETag: only the length tells that all parts are in.
        var stored = await client.GetObjectMetadataAsync(options.Bucket, key, guard.Token).ConfigureAwait(false);
        if (stored.ContentLength != length)
            throw new StoreException(
                StoreFault.Transient,
                $"{key} has {stored.ContentLength} bytes instead of {length} after its upload"
            );
    }

    private async Task<PartETag> PutPartAsync(
        string key,
        string upload,
        int number,
        Stream source,
        long start,
        long length,
        StallGuard guard
    )
    {
        var size = Math.Min(options.PartLength, length - start);
        await using var watched = new WatchedStream(source, start, size, guard);
        var answer = await client
            .UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = options.Bucket,
                    Key = key,
                    UploadId = upload,
                    PartNumber = number,
                    InputStream = watched,
                    PartSize = size,
                    UseChunkEncoding = false,
                },
                guard.Token
            )
            .ConfigureAwait(false);
        guard.Moved();
        return new PartETag(number, answer.ETag);
    }

    /// <summary>Best effort, also when the caller has given up; what stays is seen in the bucket's list of incomplete uploads.</summary>
    private async Task AbortAsync(string key, string upload)
    {
        using var limit = new CancellationTokenSource(AbortLimit);
        try
        {
            await client.AbortMultipartUploadAsync(options.Bucket, key, upload, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e is Amazon.Runtime.AmazonClientException or HttpRequestException or OperationCanceledException)
        {
            // The first error is the one to report.
        }
    }
}
