using Amazon.S3;
using Amazon.S3.Model;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>
/// Uploads a large object in parts, some at a time. An upload that fails is aborted, since its parts are stored, and paid for, unseen.
/// </summary>
internal sealed class S3Multipart(AmazonS3Client client, S3Put put, S3Options options)
{
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(30);

    /// <exception cref="StoreException">Permanent: the source is not what its name says; nothing was sent.</exception>
    public async Task PutAsync(ObjectName name, string key, S3Source source, StallGuard guard)
    {
        // Servers check the hash of each part, and none that of the whole.
        if (await source.HashAsync(0, source.Length, guard).ConfigureAwait(false) != name.Id)
            throw S3Errors.WrongBytes(name);
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
            var parts = new PartETag[(source.Length + options.PartLength - 1) / options.PartLength];
            await Parallel
                .ForEachAsync(
                    Enumerable.Range(0, parts.Length),
                    new ParallelOptions
                    {
                        MaxDegreeOfParallelism = options.PartsAtOnce,
                        CancellationToken = guard.Token,
                    },
                    async (i, _) =>
                        parts[i] = await PutPartAsync(key, begun.UploadId, i, source, guard).ConfigureAwait(false)
                )
                .ConfigureAwait(false);
            await client
                .CompleteMultipartUploadAsync(
                    new CompleteMultipartUploadRequest
                    {
                        BucketName = options.Bucket,
                        Key = key,
                        UploadId = begun.UploadId,
                        PartETags = [.. parts],
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
        if (stored.ContentLength != source.Length)
            throw new StoreException(
                StoreFault.Transient,
                $"{key} has {stored.ContentLength} bytes instead of {source.Length} after its upload"
            );
    }

    private async Task<PartETag> PutPartAsync(string key, string upload, int index, S3Source source, StallGuard guard)
    {
        var start = index * options.PartLength;
        var length = Math.Min(options.PartLength, source.Length - start);
        var hash = await source.HashAsync(start, length, guard).ConfigureAwait(false);
        var query = $"partNumber={index + 1}&uploadId={Uri.EscapeDataString(upload)}";
        var tag = await put.SendAsync(new S3PutRequest(key, hash, query), source, start, length, guard)
            .ConfigureAwait(false);
        return tag is not null
            ? new PartETag(index + 1, tag)
            : throw new StoreException(StoreFault.Transient, $"part {index + 1} of {key} was stored without an ETag");
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
