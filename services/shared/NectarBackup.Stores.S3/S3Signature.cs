using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NectarBackup.Engine;

namespace NectarBackup.Stores.S3;

/// <summary>
/// Signs a request for a payload whose hash is known beforehand (Signature Version 4: AWS General Reference, "Create a signed AWS API request").
/// The SDK's signer reads every payload once more for the hash that it has by its name already: two seconds of a core per GiB.
/// </summary>
internal sealed class S3Signature(S3Credentials credentials, string region)
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>
    /// Adds the headers that the signature consists of. Every header that is there already is signed as well, so what makes a request
    /// conditional cannot be taken out on the way.
    /// </summary>
    /// <param name="request">Its path and query are escaped as <see cref="Escape"/> does, its query sorted.</param>
    /// <param name="payload">SHA-256 of the body.</param>
    /// <param name="now">The server accepts 15 minutes of difference.</param>
    public void Sign(HttpRequestMessage request, ObjectId payload, DateTimeOffset now)
    {
        var uri = request.RequestUri!;
        var date = now.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        var moment = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        request.Headers.Host = uri.IsDefaultPort ? uri.IdnHost : $"{uri.IdnHost}:{uri.Port}";
        request.Headers.TryAddWithoutValidation("x-amz-content-sha256", payload.ToString());
        request.Headers.TryAddWithoutValidation("x-amz-date", moment);
        if (credentials.SessionToken is { } token)
            request.Headers.TryAddWithoutValidation("x-amz-security-token", token);

        var headers = request
            .Headers.NonValidated.Select(static h => (Name: h.Key.ToLowerInvariant(), Value: h.Value.ToString().Trim()))
            .OrderBy(static h => h.Name, StringComparer.Ordinal)
            .ToList();
        var names = string.Join(';', headers.Select(static h => h.Name));
        var canonical = new StringBuilder()
            .Append(request.Method.Method)
            .Append('\n')
            .Append(uri.AbsolutePath)
            .Append('\n')
            .Append(uri.Query.TrimStart('?'))
            .Append('\n');
        foreach (var (name, value) in headers)
            canonical.Append(name).Append(':').Append(value).Append('\n');
        canonical.Append('\n').Append(names).Append('\n').Append(payload);

        var scope = $"{date}/{region}/s3/aws4_request";
        var text = $"{Algorithm}\n{moment}\n{scope}\n{ObjectId.Of(Encoding.UTF8.GetBytes(canonical.ToString()))}";
        var key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretAccessKey);
        foreach (var part in (ReadOnlySpan<string>)[date, region, "s3", "aws4_request"])
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            $"{Algorithm} Credential={credentials.AccessKeyId}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
    }

    /// <summary>A key as it stands in a path: all but letters, digits and <c>-._~/</c> as percent and hexadecimal digits.</summary>
    public static string Escape(string key) => string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
}
