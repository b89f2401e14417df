using System.Text.Json;
using System.Text.Json.Serialization;
using NectarBackup.Engine.Chunking;

namespace NectarBackup.Engine;

/// <summary>The repository's config file: sealed JSON, never compressed (restic design: "Repository Layout").</summary>
/// <param name="Version">1 (no compression) or 2.</param>
/// <param name="Id">Names the repository, for caches and people.</param>
/// <param name="Polynomial">What content is cut by; the same in all repositories that share chunks.</param>
public sealed record RepositoryConfig(int Version, ObjectId Id, ChunkerPolynomial Polynomial)
{
    /// <summary>Longest config that is read, in bytes.</summary>
    public const int MaxLength = 64 << 10;

    public byte[] Serialize() =>
        JsonSerializer.SerializeToUtf8Bytes(
            new ConfigJson(Version, Id.ToString(), Polynomial.ToString()),
            ConfigJsonContext.Default.ConfigJson
        );

    /// <exception cref="RepositoryException">Damaged, or Unsupported for a version that is neither 1 nor 2.</exception>
    internal static RepositoryConfig Parse(ReadOnlySpan<byte> json)
    {
        ConfigJson? raw;
        try
        {
            raw = JsonSerializer.Deserialize(json, ConfigJsonContext.Default.ConfigJson);
        }
        catch (JsonException e)
        {
            throw RepositoryException.Damaged("the config", "it is no JSON of a config", e);
        }
        if (raw is null || !ObjectId.TryParse(raw.Id.AsSpan(), out var id))
            throw RepositoryException.Damaged("the config", "it has no repository id");
        if (raw.Version is not (1 or 2))
            throw new RepositoryException(
                RepositoryError.Unsupported,
                $"the repository has format version {raw.Version}; this program knows 1 and 2",
                "use a newer program"
            );
        if (!ChunkerPolynomial.TryParse(raw.Polynomial, out var polynomial) || !polynomial.IsIrreducible)
            throw RepositoryException.Damaged("the config", "its chunker polynomial is not irreducible of degree 53");
        return new RepositoryConfig(raw.Version, id, polynomial);
    }
}

internal sealed record ConfigJson(
    [property: JsonPropertyName("version")] int Version,
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("chunker_polynomial")] string Polynomial
);

[JsonSerializable(typeof(ConfigJson))]
internal sealed partial class ConfigJsonContext : JsonSerializerContext;
