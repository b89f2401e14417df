using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using NectarBackup.Engine;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>
/// A repository in an S3 bucket, under the keys restic uses. Tries once: retrying is <see cref="RetryingStore"/>'s business. Reads are ranged
/// and the answer's range is checked. The hash in a put's headers is not relied on: Ceph 16 was seen to store other bytes under it, so a
/// reader checks what it reads against the name.
/// </summary>
public sealed class S3Store : IObjectStore
{
    private readonly S3Options _options;
    private readonly TimeProvider _time;
    private readonly S3Connections _connections;
    private readonly AmazonS3Client _client;
    private readonly string _root;

    /// <exception cref="StoreException">Permanent: the CA file cannot be read.</exception>
    public S3Store(S3Options options, S3Credentials credentials, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _root = options.Prefix.Length > 0 ? options.Prefix + "/" : "";
        _connections = new S3Connections(options);
        AWSCredentials key = credentials.SessionToken is { } token
            ? new SessionAWSCredentials(credentials.AccessKeyId, credentials.SecretAccessKey, token)
            : new BasicAWSCredentials(credentials.AccessKeyId, credentials.SecretAccessKey);
        _client = new AmazonS3Client(
            key,
            new AmazonS3Config
            {
                ServiceURL = options.Endpoint.GetLeftPart(UriPartial.Authority),
                AuthenticationRegion = options.Region,
                ForcePathStyle = options.PathStyle,
                // The SDK's CRC trailers are unknown to Ceph before 20 and to others; the payload's hash is signed anyway.
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
                MaxErrorRetry = 0,
                ThrottleRetries = false,
                HttpClientFactory = _connections,
                Timeout = Timeout.InfiniteTimeSpan,
            }
        );
    }

    public string Location => _options.ToString();

    public string? SpoolDirectory => null;

    private string KeyOf(ObjectName name) => _root + name.Path;

    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        try
        {
            await _client
                .ListObjectsV2Async(
                    new ListObjectsV2Request
                    {
                        BucketName = _options.Bucket,
                        Prefix = _root,
                        MaxKeys = 1,
                    },
                    guard.Token
                )
                .ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchBucket")
        {
            try
            {
                await _client.PutBucketAsync(_options.Bucket, guard.Token).ConfigureAwait(false);
            }
            catch (AmazonS3Exception race) when (race.ErrorCode == "BucketAlreadyOwnedByYou") { }
            catch (Exception inner) when (!cancellationToken.IsCancellationRequested)
            {
                throw S3Errors.Explain(inner, $"cannot create the bucket of {Location}");
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot open {Location}");
        }
    }

    public async Task PutAsync(ObjectName name, ObjectContent content, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var guard = Guard(cancellationToken);
        try
        {
            await using var source = Open(name, content);
            if (name.Kind == ObjectKind.Config)
                await PutConfigAsync(content.Memory, guard).ConfigureAwait(false);
            else if (content.Length > _options.MultipartThreshold)
                await new S3Multipart(_client, _options)
                    .PutAsync(KeyOf(name), source, content.Length, guard)
                    .ConfigureAwait(false);
            else
                await PutWholeAsync(name, name.Id, source, content.Length, null, guard).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot store {name} in {Location}");
        }
        if (content.SpoolPath is { } spool)
            File.Delete(spool);
    }

    private static Stream Open(ObjectName name, ObjectContent content)
    {
        if (content.SpoolPath is not { } path)
            return new ReadOnlyMemoryStream(content.Memory);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        if (file.Length >= content.Length)
            return file;
        var has = file.Length;
        file.Dispose();
        throw SpoolFiles.TooShort(name, path, has, content.Length);
    }

    private async Task PutWholeAsync(
        ObjectName name,
        ObjectId hash,
        Stream source,
        long length,
        string? ifNoneMatch,
        StallGuard guard
    )
    {
        await using var watched = new WatchedStream(source, 0, length, guard);
        var put = new PutObjectRequest
        {
            BucketName = _options.Bucket,
            Key = KeyOf(name),
            InputStream = watched,
            AutoCloseStream = false,
            UseChunkEncoding = false,
            ContentType = "application/octet-stream",
            IfNoneMatch = ifNoneMatch,
        };
        // A hint for the signer; see the remark on the class.
        put.Headers["x-amz-content-sha256"] = hash.ToString();
        await _client.PutObjectAsync(put, guard.Token).ConfigureAwait(false);
    }

    /// <summary>Looked for first, for servers that ignore If-None-Match; then put with it, so that of two who see nothing one wins.</summary>
    private async Task PutConfigAsync(ReadOnlyMemory<byte> bytes, StallGuard guard)
    {
        if (await HeadAsync(ObjectName.Config, guard).ConfigureAwait(false) is not null)
            throw new StoreException(StoreFault.AlreadyThere, $"cannot store the config in {Location}: it exists");
        var hash = ObjectId.Of(bytes.Span);
        await using var source = new ReadOnlyMemoryStream(bytes);
        try
        {
            await PutWholeAsync(ObjectName.Config, hash, source, bytes.Length, "*", guard).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (S3Errors.IsNotSupported(e))
        {
            await PutWholeAsync(ObjectName.Config, hash, source, bytes.Length, null, guard).ConfigureAwait(false);
        }
    }

    public async Task ReadAsync(
        ObjectName name,
        long offset,
        Memory<byte> destination,
        CancellationToken cancellationToken
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        cancellationToken.ThrowIfCancellationRequested();
        using var guard = Guard(cancellationToken);
        try
        {
            if (destination.IsEmpty)
                await RequireLengthAsync(name, offset, guard).ConfigureAwait(false);
            else
                await ReadRangeAsync(name, offset, destination, guard).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot read {name} in {Location}");
        }
    }

    private async Task RequireLengthAsync(ObjectName name, long offset, StallGuard guard)
    {
        var length = await HeadAsync(name, guard).ConfigureAwait(false);
        if (length is null)
            throw new StoreException(StoreFault.NotFound, $"cannot read {name} in {Location}: there is no such object");
        if (length < offset)
            throw TooShort(name, offset, length.Value);
    }

    private async Task ReadRangeAsync(ObjectName name, long offset, Memory<byte> destination, StallGuard guard)
    {
        var last = offset + destination.Length - 1;
        using var answer = await _client
            .GetObjectAsync(
                new GetObjectRequest
                {
                    BucketName = _options.Bucket,
                    Key = KeyOf(name),
                    ByteRange = new ByteRange(offset, last),
                },
                guard.Token
            )
            .ConfigureAwait(false);
        if (answer.HttpStatusCode != HttpStatusCode.PartialContent || !Begins(answer.ContentRange, offset))
            throw new StoreException(
                StoreFault.Permanent,
                $"cannot read {name} in {Location}: the server (or a proxy) ignored the requested range"
            );
        if (answer.ContentLength < destination.Length)
            throw TooShort(name, last + 1, offset + answer.ContentLength);
        await using var body = answer.ResponseStream;
        for (var done = 0; done < destination.Length; )
        {
            var read = await body.ReadAsync(destination[done..], guard.Token).ConfigureAwait(false);
            if (read == 0)
                throw new StoreException(
                    StoreFault.Transient,
                    $"cannot read {name} in {Location}: the connection ended after {done} of {destination.Length} bytes"
                );
            done += read;
            guard.Moved();
        }
    }

    // "bytes 0-99/1000" (RFC 9110 14.4)
    private static bool Begins(string? range, long offset) =>
        range is not null && range.StartsWith($"bytes {offset}-", StringComparison.Ordinal);

    private StoreException TooShort(ObjectName name, long end, long length) =>
        new(StoreFault.TooShort, $"cannot read {name} in {Location} up to {end}: it ends at {length}");

    public async Task<long?> FindLengthAsync(ObjectName name, CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        try
        {
            return await HeadAsync(name, guard).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot stat {name} in {Location}");
        }
    }

    private async Task<long?> HeadAsync(ObjectName name, StallGuard guard)
    {
        try
        {
            var answer = await _client
                .GetObjectMetadataAsync(_options.Bucket, KeyOf(name), guard.Token)
                .ConfigureAwait(false);
            return answer.ContentLength;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.NotFound && e.ErrorCode != "NoSuchBucket")
        {
            return null;
        }
    }

    public async IAsyncEnumerable<ObjectInfo> ListAsync(
        ObjectKind kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (kind == ObjectKind.Config)
        {
            if (await FindLengthAsync(ObjectName.Config, cancellationToken).ConfigureAwait(false) is { } length)
                yield return new ObjectInfo(ObjectName.Config, length);
            yield break;
        }
        var request = new ListObjectsV2Request
        {
            BucketName = _options.Bucket,
            Prefix = $"{_root}{ObjectName.Directory(kind)}/",
        };
        do
        {
            var page = await ListPageAsync(kind, request, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page.S3Objects ?? [])
            {
                // Keys that are not where their name says (restic design: "Repository Layout") belong to someone else.
                var slash = entry.Key.LastIndexOf('/');
                if (!ObjectId.TryParse(entry.Key.AsSpan(slash + 1), out var id))
                    continue;
                var name = new ObjectName(kind, id);
                if (entry.Key == KeyOf(name))
                    yield return new ObjectInfo(name, entry.Size ?? 0);
            }
            if (page.IsTruncated == true && page.NextContinuationToken == request.ContinuationToken)
                throw new StoreException(
                    StoreFault.Permanent,
                    $"cannot list {kind} in {Location}: the list does not end"
                );
            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        } while (request.ContinuationToken is not null);
    }

    private async Task<ListObjectsV2Response> ListPageAsync(
        ObjectKind kind,
        ListObjectsV2Request request,
        CancellationToken cancellationToken
    )
    {
        using var guard = Guard(cancellationToken);
        try
        {
            return await _client.ListObjectsV2Async(request, guard.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot list {kind} objects in {Location}");
        }
    }

    public async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        using var guard = Guard(cancellationToken);
        try
        {
            await _client.DeleteObjectAsync(_options.Bucket, KeyOf(name), guard.Token).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (e.ErrorCode == "NoSuchKey") { }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot delete {name} in {Location}");
        }
    }

    private StallGuard Guard(CancellationToken cancellationToken) =>
        new(_options.StallTimeout, _time, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _connections.Dispose();
        return ValueTask.CompletedTask;
    }
}
