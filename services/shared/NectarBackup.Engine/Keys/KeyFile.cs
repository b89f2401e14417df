using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Keys;

/// <summary>
/// A key file (restic design: "Keys, Encryption and MAC"): the repository's master key, sealed under a key derived from one password. A repository
/// has one for each password; all hold the same master key.
/// </summary>
public sealed record KeyFile
{
    [JsonPropertyName("created")]
    public string Created { get; init; } = "";

    [JsonPropertyName("username")]
    public string UserName { get; init; } = "";

    [JsonPropertyName("hostname")]
    public string HostName { get; init; } = "";

    [JsonPropertyName("kdf")]
    public string Kdf { get; init; } = "";

    [JsonPropertyName("N")]
    public int N { get; init; }

    [JsonPropertyName("r")]
    public int R { get; init; }

    [JsonPropertyName("p")]
    public int P { get; init; }

    [JsonPropertyName("salt")]
    public byte[] Salt { get; init; } = [];

    [JsonPropertyName("data")]
    public byte[] Data { get; init; } = [];

    /// <summary>Longest key file that is read, in bytes; real ones have about 500.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>Seals <paramref name="master"/> under a new salt and the given password.</summary>
    public static KeyFile Create(
        MasterKey master,
        ReadOnlySpan<byte> password,
        string user,
        string host,
        DateTimeOffset created,
        KdfParameters cost
    )
    {
        var salt = RandomNumberGenerator.GetBytes(64);
        var plain = JsonSerializer.SerializeToUtf8Bytes(MasterKeyJson.From(master), KeyJson.Default.MasterKeyJson);
        var data = new byte[plain.Length + BlobCipher.Overhead];
        new BlobCipher(Derive(password, salt, cost.N, cost.R, cost.P)).Seal(plain, data);
        CryptographicOperations.ZeroMemory(plain);
        return new KeyFile
        {
            Created = created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffffK", null),
            UserName = user,
            HostName = host,
            Kdf = "scrypt",
            N = cost.N,
            R = cost.R,
            P = cost.P,
            Salt = salt,
            Data = data,
        };
    }

    /// <exception cref="RepositoryException">Damaged or Unsupported.</exception>
    public static KeyFile Parse(ReadOnlySpan<byte> json, ObjectId id)
    {
        KeyFile? key;
        try
        {
            key = JsonSerializer.Deserialize(json, KeyJson.Default.KeyFile);
        }
        catch (JsonException e)
        {
            throw RepositoryException.Damaged($"key {id}", "it is no key file", e);
        }
        if (key is null || key.Salt is not { Length: > 0 } || key.Data is not { Length: > BlobCipher.Overhead })
            throw RepositoryException.Damaged($"key {id}", "salt or data is missing");
        return key.Kdf == "scrypt"
            ? key with
            {
                Created = key.Created ?? "",
                UserName = key.UserName ?? "",
                HostName = key.HostName ?? "",
            }
            : throw new RepositoryException(
                RepositoryError.Unsupported,
                $"key {id} uses the unknown key derivation '{key.Kdf}'"
            );
    }

    public byte[] Serialize() => JsonSerializer.SerializeToUtf8Bytes(this, KeyJson.Default.KeyFile);

    /// <summary>The master key, or null if the password is not this key's.</summary>
    /// <exception cref="RepositoryException">Damaged: the password is right, what it opens is no master key.</exception>
    public MasterKey? TryOpen(ReadOnlySpan<byte> password, ObjectId id)
    {
        var plain = new byte[Data.Length - BlobCipher.Overhead];
        if (!new BlobCipher(Derive(password, Salt, N, R, P)).TryOpen(Data, plain))
            return null;
        try
        {
            return JsonSerializer.Deserialize(plain, KeyJson.Default.MasterKeyJson)!.ToKey();
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NullReferenceException)
        {
            throw RepositoryException.Damaged($"key {id}", "it does not hold a master key", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static MasterKey Derive(ReadOnlySpan<byte> password, ReadOnlySpan<byte> salt, int n, int r, int p)
    {
        Span<byte> derived = stackalloc byte[64];
        Scrypt.DeriveKey(password, salt, n, r, p, derived);
        var key = MasterKey.FromBytes(derived);
        CryptographicOperations.ZeroMemory(derived);
        return key;
    }
}

/// <summary>The plain content of a key file: <c>{"mac":{"k":..,"r":..},"encrypt":..}</c>.</summary>
internal sealed record MasterKeyJson(
    [property: JsonPropertyName("mac")] MasterKeyJson.MacJson Mac,
    [property: JsonPropertyName("encrypt")] byte[] Encrypt
)
{
    internal sealed record MacJson(
        [property: JsonPropertyName("k")] byte[] K,
        [property: JsonPropertyName("r")] byte[] R
    );

    public static MasterKeyJson From(MasterKey key) =>
        new(new MacJson(key.MacK.ToArray(), key.MacR.ToArray()), key.Encrypt.ToArray());

    public MasterKey ToKey() => MasterKey.FromParts(Encrypt, Mac.K, Mac.R);
}

[JsonSerializable(typeof(KeyFile))]
[JsonSerializable(typeof(MasterKeyJson))]
internal sealed partial class KeyJson : JsonSerializerContext;
