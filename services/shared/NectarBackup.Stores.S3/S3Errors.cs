using System.Net;
using Amazon.Runtime;
using Amazon.S3;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>What a failed request means to the caller of a store.</summary>
internal static class S3Errors
{
    public static StoreException Explain(Exception error, string what) =>
        error switch
        {
            StoreException known => known,
            { InnerException: StoreException known } => known, // from the body of a request
            AmazonServiceException answer => FromAnswer(answer, what),
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new StoreException(
                StoreFault.Permanent,
                $"{what}: no secure connection: {Innermost(error)}; a private authority's certificates can be given as a CA file",
                error
            ),
            OperationCanceledException => new StoreException(
                StoreFault.Transient,
                $"{what}: no answer within the time limit",
                error
            ),
            _ => new StoreException(StoreFault.Transient, $"{what}: {Innermost(error)}", error),
        };

    private static StoreException FromAnswer(AmazonServiceException answer, string what)
    {
        var (fault, why) = (answer.StatusCode, answer.ErrorCode) switch
        {
            (_, "NoSuchBucket") => (StoreFault.Permanent, "there is no such bucket; check the location, or create it"),
            (_, "InvalidAccessKeyId") => (StoreFault.Permanent, "the access key is not known to the server"),
            (_, "SignatureDoesNotMatch") => (StoreFault.Permanent, "the secret key does not match the access key"),
            (_, "RequestTimeTooSkewed") => (StoreFault.Permanent, "this machine's clock is wrong"),
            (_, "QuotaExceeded") => (StoreFault.Permanent, "the quota is used up"),
            (_, "XAmzContentSHA256Mismatch" or "BadDigest") => (
                StoreFault.Transient,
                "the server received other bytes than were meant"
            ),
            (_, "SlowDown" or "RequestTimeout" or "InternalError" or "ConditionalRequestConflict") => (
                StoreFault.Transient,
                answer.ErrorCode
            ),
            (HttpStatusCode.NotFound, _) => (StoreFault.NotFound, "there is no such object"),
            (HttpStatusCode.PreconditionFailed, _) => (StoreFault.AlreadyThere, "it exists"),
            (HttpStatusCode.RequestedRangeNotSatisfiable, _) => (StoreFault.TooShort, "it ends before that"),
            (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, _) => (
                StoreFault.Permanent,
                $"refused ({answer.ErrorCode}); check the key and the bucket's policy"
            ),
            (HttpStatusCode.InsufficientStorage, _) => (StoreFault.Permanent, "the server's storage is full"),
            (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests, _) => (
                StoreFault.Transient,
                $"status {(int)answer.StatusCode}"
            ),
            (HttpStatusCode.NotImplemented, _) => (StoreFault.Permanent, "the server does not support the request"),
            (>= HttpStatusCode.InternalServerError or 0, _) => (
                StoreFault.Transient,
                $"status {(int)answer.StatusCode} {answer.ErrorCode}"
            ),
            _ => (StoreFault.Permanent, $"status {(int)answer.StatusCode} {answer.ErrorCode}"),
        };
        // Without a status there was no answer: the cause is a failed connection.
        if (answer.StatusCode == 0 && answer.InnerException is { } inner)
            return Explain(inner, what);
        return new StoreException(fault, $"{what}: {why}", answer);
    }

    /// <summary>The server does not know the request's condition. Any other refusal must not lead to a put without one.</summary>
    public static bool IsNotSupported(AmazonS3Exception answer) =>
        answer.StatusCode == HttpStatusCode.NotImplemented || answer.ErrorCode == "NotImplemented";

    /// <summary>The server received other bytes than their hash says.</summary>
    public static bool IsMismatch(AmazonS3Exception answer) =>
        answer.ErrorCode is "XAmzContentSHA256Mismatch" or "BadDigest";

    /// <summary>What is to be stored is not what its name says; sending it again cannot help.</summary>
    public static StoreException WrongBytes(ObjectName name) =>
        new(
            StoreFault.Permanent,
            $"cannot store {name}: its bytes have another hash; memory or a spool file is damaged"
        );

    private static string Innermost(Exception error) => error.GetBaseException().Message;
}
