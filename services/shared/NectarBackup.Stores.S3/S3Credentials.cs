using NectarBackup.Engine.Stores;

namespace NectarBackup.Stores.S3;

/// <summary>An access key. Shows no secret as text.</summary>
public sealed class S3Credentials(string accessKeyId, string secretAccessKey, string? sessionToken = null)
{
    /// <summary>Longest key file that is read; real ones have some 20 to 2,000 characters.</summary>
    private const int MaxFileLength = 16 << 10;

    internal string AccessKeyId { get; } = accessKeyId;

    internal string SecretAccessKey { get; } = secretAccessKey;

    internal string? SessionToken { get; } = sessionToken;

    /// <summary>From AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the files that the same names with _FILE name.</summary>
    /// <exception cref="StoreException">Permanent: a variable is missing, or a file cannot be read.</exception>
    public static S3Credentials FromEnvironment() =>
        new(Required("AWS_ACCESS_KEY_ID"), Required("AWS_SECRET_ACCESS_KEY"), Find("AWS_SESSION_TOKEN"));

    /// <summary>From files that hold nothing else, as a mounted Kubernetes secret is.</summary>
    /// <exception cref="StoreException">Permanent: a file cannot be read.</exception>
    public static S3Credentials FromFiles(string accessKeyId, string secretAccessKey) =>
        new(ReadFile(accessKeyId), ReadFile(secretAccessKey));

    private static string Required(string variable) =>
        Find(variable)
        ?? throw new StoreException(
            StoreFault.Permanent,
            $"no S3 credentials: set {variable}, or {variable}_FILE to the path of a file that holds it"
        );

    private static string? Find(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value)
            return value;
        return Environment.GetEnvironmentVariable(variable + "_FILE") is { Length: > 0 } path ? ReadFile(path) : null;
    }

    private static string ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length is 0 or > MaxFileLength)
                throw new StoreException(StoreFault.Permanent, $"'{path}' does not hold an S3 key: wrong length");
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreFault.Permanent, $"cannot read the S3 key file '{path}': {e.Message}", e);
        }
    }

    public override string ToString() => $"S3 key {AccessKeyId}";
}
