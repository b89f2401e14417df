using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>A repository in a bucket, and how to talk to its server.</summary>
/// <param name="Endpoint">Scheme, host and port.</param>
/// <param name="Bucket">The bucket.</param>
/// <param name="Prefix">Of the repository's keys, without slashes at its ends; empty for the whole bucket.</param>
public sealed record S3Options(Uri Endpoint, string Bucket, string Prefix)
{
    /// <summary>Only signed, for most servers other than Amazon's.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The bucket is in the path (else in the host name).</summary>
    public bool PathStyle { get; init; } = true;

    /// <summary>PEM certificates to trust instead of the system's; null for the system's. Verification is never off.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>Packs that are sent at a time, 1 or more; as restic's s3.connections. Reads and small requests may have more connections.</summary>
    public int MaxConnections { get; init; } = 5;

    /// <summary>A transfer that moves no byte for so long has failed.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes above which an object is uploaded in parts; as restic.</summary>
    public long MultipartThreshold { get; init; } = 200L << 20;

    /// <summary>Bytes of a part; at least 5 MiB by the protocol, which also allows no more than 10,000 parts.</summary>
    public long PartLength { get; init; } = 64L << 20;

    /// <summary>Parts of one object that are sent at a time.</summary>
    public int PartsAtOnce { get; init; } = 4;

    /// <summary>
    /// Reads what follows <c>s3:</c> in a location, as restic does: <c>http://host:port/bucket/prefix</c>, <c>https://...</c>,
    /// <c>host/bucket/prefix</c> (https).
    /// </summary>
    /// <exception cref="StoreException">Permanent: not of that form.</exception>
    public static S3Options Parse(string text)
    {
        var url = text.TrimStart('/');
        if (
            !url.StartsWith("http://", StringComparison.Ordinal)
            && !url.StartsWith("https://", StringComparison.Ordinal)
        )
            url = "https://" + url;
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
            throw Malformed("it has no host");
        if (uri.UserInfo.Length > 0)
            throw Malformed("credentials belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            throw Malformed("a query or fragment has no meaning here");
        var path = Uri.UnescapeDataString(uri.AbsolutePath).Trim('/');
        var (bucket, prefix) = path.IndexOf('/') is >= 0 and var slash
            ? (path[..slash], path[(slash + 1)..].Trim('/'))
            : (path, "");
        if (bucket.Length == 0)
            throw Malformed("it names no bucket");
        return new S3Options(new Uri(uri.GetLeftPart(UriPartial.Authority)), bucket, prefix);
    }

    // The text is not repeated: it may hold a secret put there by mistake.
    private static StoreException Malformed(string why) =>
        new(StoreFault.Permanent, $"not a location of the form s3:https://host/bucket/prefix: {why}");

    public override string ToString() =>
        $"s3:{Endpoint.GetLeftPart(UriPartial.Authority)}/{Bucket}{(Prefix.Length > 0 ? "/" + Prefix : "")}";
}
