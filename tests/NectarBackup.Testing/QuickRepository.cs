using NectarBackup.Engine;
using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Testing;

/// <summary>Makes repositories whose key derivation costs next to nothing: a suite opens hundreds of them.</summary>
public static class QuickRepository
{
    public static Task<Repository> InitAsync(
        IObjectStore store,
        ReadOnlyMemory<byte> password,
        ChunkerPolynomial? polynomial,
        (string User, string Host) identity,
        TimeProvider time,
        CancellationToken cancellationToken
    ) =>
        Repository.InitAsync(
            store,
            password,
            polynomial,
            identity,
            new KdfParameters(1 << 10, 8, 2),
            time,
            cancellationToken
        );
}
