using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using NectarBackup.Stores.S3;
using NectarBackup.Testing.Servers;

namespace NectarBackup.Interop.Tests.Stores;

/// <summary>The bucket without our store: to put what it would refuse, and to look at what it left.</summary>
internal static class PlainS3
{
    public static AmazonS3Client Connect(CephGateway gateway, S3Options options) =>
        new(
            new BasicAWSCredentials(gateway.Environ["AWS_ACCESS_KEY_ID"], gateway.Environ["AWS_SECRET_ACCESS_KEY"]),
            new AmazonS3Config
            {
                ServiceURL = options.Endpoint.ToString(),
                ForcePathStyle = true,
                AuthenticationRegion = "us-east-1",
                RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            }
        );

    public static async Task PutAsync(
        CephGateway gateway,
        S3Options options,
        string path,
        byte[] bytes,
        CancellationToken cancellationToken
    )
    {
        using var client = Connect(gateway, options);
        await client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = options.Bucket,
                Key = options.Prefix.Length > 0 ? $"{options.Prefix}/{path}" : path,
                InputStream = new MemoryStream(bytes),
                UseChunkEncoding = false,
            },
            cancellationToken
        );
    }
}
