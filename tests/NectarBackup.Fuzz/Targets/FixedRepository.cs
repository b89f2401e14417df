using NectarBackup.Engine;
using NectarBackup.Engine.Chunking;
using NectarBackup.Engine.Compression;
using NectarBackup.Engine.Crypto;
using NectarBackup.Engine.Keys;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Fuzz.Targets;

/// <summary>
/// A repository whose key never changes, so that stored inputs mean the same in every run. Its password costs next to nothing to open.
/// </summary>
internal static class FixedRepository
{
    public static byte[] Password { get; } = "x"u8.ToArray();

    public static MasterKey Key { get; } =
        MasterKey.FromBytes([.. Enumerable.Range(1, MasterKey.Size).Select(i => (byte)i)]);

    public static RepositoryConfig Config { get; } =
        new(2, ObjectId.Of("fuzz"u8), ChunkerPolynomial.TryParse("3da3358b4dc173", out var p) ? p : default);

    private static readonly Lazy<Repository> s_opened = new(Open);

    /// <summary>The repository on a store of its own, without anything in it but key and config.</summary>
    public static Repository New(IObjectStore? store = null) => s_opened.Value.Through(store ?? new MemoryStore());

    /// <summary>A key file for <paramref name="plain"/>, which should be a master key's JSON.</summary>
    public static KeyFile Wrap(ReadOnlySpan<byte> plain)
    {
        var salt = new byte[64];
        Span<byte> derived = stackalloc byte[64];
        Scrypt.DeriveKey(Password, salt, 2, 1, 1, derived);
        return new KeyFile
        {
            Created = "2026-01-02T03:04:05Z",
            UserName = "user",
            HostName = "host",
            Kdf = "scrypt",
            N = 2,
            R = 1,
            P = 1,
            Salt = salt,
            Data = Seal(MasterKey.FromBytes(derived), plain),
        };
    }

    public static byte[] Seal(MasterKey key, ReadOnlySpan<byte> plain)
    {
        var stored = new byte[plain.Length + BlobCipher.Overhead];
        new BlobCipher(key).Seal(plain, stored);
        return stored;
    }

    /// <summary>A zstd frame.</summary>
    public static byte[] Compress(ReadOnlySpan<byte> content)
    {
        using var compressor = new ZstdCompressor(Zstd.DefaultLevel);
        var frame = new byte[Zstd.MaxCompressedLength(content.Length)];
        return frame[..compressor.Compress(content, frame)];
    }

    private static Repository Open()
    {
        var store = new MemoryStore();
        var plain = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(
            MasterKeyJson.From(Key),
            KeyJson.Default.MasterKeyJson
        );
        var key = Wrap(plain).Serialize();
        var put = store.PutAsync(new ObjectName(ObjectKind.Key, ObjectId.Of(key)), ObjectContent.Of(key), default);
        put.GetAwaiter().GetResult();
        put = store.PutAsync(ObjectName.Config, ObjectContent.Of(Seal(Key, Config.Serialize())), default);
        put.GetAwaiter().GetResult();
        return Repository.OpenAsync(store, Password, default).GetAwaiter().GetResult();
    }
}
