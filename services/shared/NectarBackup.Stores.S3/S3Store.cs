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
/// and the answer's range is checked. Every put is signed with the hash that is the object's name, so a server stores those bytes or none.
/// A put does not look first whether the object is there: what it replaces is the same by that hash, and looking would double the requests;
/// <see cref="RetryingStore"/> looks before it sends again.
/// </summary>
public sealed class S3Store : IObjectStore
{
    private readonly S3Options _options;
    private readonly TimeProvider _time;
    private readonly S3Connections _connections;
    private readonly AmazonS3Client _client;
    private readonly S3Put _put;
    private readonly string _root;

    /// <exception cref="StoreException">Permanent: the CA file cannot be read.</exception>
    public S3Store(S3Options options, S3Credentials credentials, TimeProvider? time = null)
    {
        _options = options;
        _time = time ?? TimeProvider.System;
        _root = options.Prefix.Length > 0 ? options.Prefix + "/" : "";
        _connections = new S3Connections(options);
        _put = new S3Put(_connections.Client, options, credentials, _time);
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
                // The SDK's CRC trailers are unknown to Ceph before 20 and to others; bodies go through S3Put anyway.
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

    public int Connections => _options.MaxConnections;

    public bool IsRemote => true;

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
            using var source = new S3Source(name, content);
            if (name.Kind == ObjectKind.Config)
                await PutConfigAsync(source, guard).ConfigureAwait(false);
            else if (content.Length > _options.MultipartThreshold)
                await new S3Multipart(_client, _put, _options)
                    .PutAsync(name, KeyOf(name), source, guard)
                    .ConfigureAwait(false);
            else
                await PutWholeAsync(name, source, guard).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.Explain(e, $"cannot store {name} in {Location}");
        }
        if (content.SpoolPath is { } spool)
            SpoolFiles.Delete(name, spool);
    }

    private async Task PutWholeAsync(ObjectName name, S3Source source, StallGuard guard)
    {
        try
        {
            await _put.SendAsync(new S3PutRequest(KeyOf(name), name.Id), source, 0, source.Length, guard)
                .ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (S3Errors.IsMismatch(e))
        {
            // Damaged on the way, and worth another try? Or here, and never right?
            if (await source.HashAsync(0, source.Length, guard).ConfigureAwait(false) != name.Id)
                throw S3Errors.WrongBytes(name);
            throw;
        }
    }

    /// <summary>
    /// Looked for first, for servers that ignore If-None-Match; then put with it, so that of two who see nothing one wins. Only a server that
    /// says it has no such thing gets it without.
    /// </summary>
    private async Task PutConfigAsync(S3Source source, StallGuard guard)
    {
        await RequireNoConfigAsync(guard).ConfigureAwait(false);
        var hash = await source.HashAsync(0, source.Length, guard).ConfigureAwait(false);
        var put = new S3PutRequest(KeyOf(ObjectName.Config), hash, OnlyNew: true);
        try
        {
            await _put.SendAsync(put, source, 0, source.Length, guard).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (S3Errors.IsNotSupported(e))
        {
            await RequireNoConfigAsync(guard).ConfigureAwait(false);
            await _put.SendAsync(put with { OnlyNew = false }, source, 0, source.Length, guard).ConfigureAwait(false);
        }
    }

    private async Task RequireNoConfigAsync(StallGuard guard)
    {
        if (await HeadAsync(ObjectName.Config, guard).ConfigureAwait(false) is not null)
            throw new StoreException(StoreFault.AlreadyThere, $"cannot store the config in {Location}: it exists");
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
