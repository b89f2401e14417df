using System.Net;
using System.Net.Http.Headers;
using System.Xml;
using Amazon.Runtime;
using Amazon.S3;
using NectarBackup.Engine;

namespace NectarBackup.Stores.S3;

/// <summary>What a put asks beyond storing a body under a key.</summary>
/// <param name="Key">The object's key, with the repository's prefix.</param>
/// <param name="Hash">SHA-256 of the body; the server refuses other bytes.</param>
/// <param name="Query">Escaped and sorted, without its question mark; empty for a whole object.</param>
/// <param name="OnlyNew">Refused (412) if the key exists.</param>
internal readonly record struct S3PutRequest(string Key, ObjectId Hash, string Query = "", bool OnlyNew = false);

/// <summary>PutObject and UploadPart, signed with a hash that is known beforehand. The SDK does everything else.</summary>
internal sealed class S3Put(HttpClient http, S3Options options, S3Credentials credentials, TimeProvider time)
{
    /// <summary>Longest refusal that is read; the longest seen have some 700 bytes.</summary>
    private const int MaxRefusal = 64 << 10;

    private readonly S3Signature _signature = new(credentials, options.Region);
    private volatile bool _cautious;

    /// <summary>Sends a range of a source; returns the ETag that the server gave it, if any.</summary>
    /// <exception cref="AmazonS3Exception">The server refused.</exception>
    public async Task<string?> SendAsync(S3PutRequest put, S3Source source, long start, long length, StallGuard guard)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, AddressOf(put));
        if (put.OnlyNew)
            request.Headers.TryAddWithoutValidation("If-None-Match", "*");
        _signature.Sign(request, put.Hash, time.GetUtcNow());
        request.Content = new S3Body(source, start, length, guard);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        // Waiting for "100 Continue" costs a round trip, and a second where a proxy does not know it. It is of use to hear why a server refuses
        // a body that it does not read to the end, so it is asked for once a connection broke in the midst of one.
        request.Headers.ExpectContinue = _cautious;
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, guard.Token)
                .ConfigureAwait(false);
            guard.Moved();
            if (!answer.IsSuccessStatusCode)
                throw await RefusalAsync(answer, guard).ConfigureAwait(false);
            await answer.Content.CopyToAsync(Stream.Null, guard.Token).ConfigureAwait(false);
            return answer.Headers.ETag?.Tag ?? FirstOf(answer, "ETag");
        }
        catch (HttpRequestException)
        {
            _cautious = true;
            throw;
        }
    }

    private static string? FirstOf(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) ? values.FirstOrDefault() : null;

    private Uri AddressOf(S3PutRequest put)
    {
        var endpoint = options.Endpoint;
        var host = endpoint.IsDefaultPort ? endpoint.IdnHost : $"{endpoint.IdnHost}:{endpoint.Port}";
        var key = S3Signature.Escape(put.Key);
        var address = options.PathStyle
            ? $"{endpoint.Scheme}://{host}/{S3Signature.Escape(options.Bucket)}/{key}"
            : $"{endpoint.Scheme}://{options.Bucket}.{host}/{key}";
        if (put.Query.Length > 0)
            address += "?" + put.Query;
        // What is signed must be what is sent: dots and escapes of a prefix stay as they are.
        return new Uri(address, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    // <Error><Code>...</Code><Message>...</Message>...</Error>
    private static async Task<AmazonS3Exception> RefusalAsync(HttpResponseMessage answer, StallGuard guard)
    {
        string code = "",
            message = "";
        try
        {
            await answer.Content.LoadIntoBufferAsync(MaxRefusal, guard.Token).ConfigureAwait(false);
            await using var body = await answer.Content.ReadAsStreamAsync(guard.Token).ConfigureAwait(false);
            using var xml = XmlReader.Create(
                body,
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null }
            );
            while (!xml.EOF)
            {
                if (xml is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Code" })
                    code = xml.ReadElementContentAsString();
                else if (xml is { NodeType: XmlNodeType.Element, Depth: 1, LocalName: "Message" })
                    message = xml.ReadElementContentAsString();
                else
                    xml.Read();
            }
        }
        catch (Exception e) when (e is XmlException or HttpRequestException or IOException)
        {
            // A proxy's page, or none at all: the status says enough.
        }
        if (code.Length == 0)
            code = answer.StatusCode == HttpStatusCode.NotImplemented ? "NotImplemented" : answer.StatusCode.ToString();
        return new AmazonS3Exception(
            message.Length > 0 ? message : $"status {(int)answer.StatusCode}",
            ErrorType.Unknown,
            code,
            FirstOf(answer, "x-amz-request-id"),
            answer.StatusCode
        );
    }
}
