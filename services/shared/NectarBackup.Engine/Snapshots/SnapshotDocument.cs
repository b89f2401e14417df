using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Snapshots;

/// <summary>
/// A snapshot file that is to be written again with a change: everything in it is kept as it is, also what only other programs understand
/// (restic design: "Snapshots").
/// </summary>
internal sealed class SnapshotDocument
{
    private static readonly JsonSerializerOptions s_plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly JsonObject _json;

    private SnapshotDocument(ObjectId id, JsonObject json, ObjectId tree) => (Id, _json, Tree) = (id, json, tree);

    public ObjectId Id { get; }

    public ObjectId Tree { get; }

    /// <summary>As it is written in the file.</summary>
    public string Time => Text("time");

    public string HostName => Text("hostname");

    public IReadOnlyList<string> Paths => List("paths");

    public IReadOnlyList<string> Tags => List("tags");

    /// <summary>The id that the snapshot had before it was first rewritten; its own if it never was.</summary>
    public ObjectId Original => ObjectId.TryParse(Text("original").AsSpan(), out var id) ? id : Id;

    /// <summary>Two snapshots of different repositories, or a rewritten one and its original, that show the same at the same time.</summary>
    public string Likeness =>
        string.Join('\0', [Tree.ToString(), Time, HostName, .. Paths.Order(StringComparer.Ordinal)]);

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task<SnapshotDocument> LoadAsync(
        Repository repository,
        ObjectId id,
        CancellationToken cancellationToken
    )
    {
        var name = new ObjectName(ObjectKind.Snapshot, id);
        return Parse(await repository.LoadUnpackedAsync(name, cancellationToken), name);
    }

    /// <summary>All snapshots, by time of their file's text; the ids are listed first.</summary>
    public static async Task<List<SnapshotDocument>> LoadAllAsync(
        Repository repository,
        CancellationToken cancellationToken
    )
    {
        var ids = new List<ObjectId>();
        await foreach (var info in repository.Store.ListAsync(ObjectKind.Snapshot, cancellationToken))
            ids.Add(info.Name.Id);
        ids.Sort();
        var all = new SnapshotDocument[ids.Count];
        await Parallel.ForAsync(
            0,
            ids.Count,
            cancellationToken,
            async (i, token) => all[i] = await LoadAsync(repository, ids[i], token)
        );
        return [.. all.OrderBy(s => s.Time, StringComparer.Ordinal)];
    }

    /// <exception cref="RepositoryException">Damaged.</exception>
    public static SnapshotDocument Parse(ReadOnlySpan<byte> text, ObjectName name)
    {
        try
        {
            if (!System.Text.Unicode.Utf8.IsValid(text))
                throw new JsonException("it is no UTF-8");
            var json = JsonNode.Parse(text) as JsonObject ?? throw new JsonException("it is no object");
            if ((json["tree"] as JsonValue)?.GetValueKind() != JsonValueKind.String)
                throw new JsonException("it has no tree");
            // Texts are decoded when they are asked for: half a surrogate pair or a field that comes twice would fail then.
            _ = json.ToJsonString(s_plain);
            return ObjectId.TryParse(json["tree"]!.GetValue<string>().AsSpan(), out var tree)
                ? new SnapshotDocument(name.Id, json, tree)
                : throw new JsonException("its tree is no id");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw RepositoryException.Damaged(name.Path, e.Message, e);
        }
    }

    /// <summary>Stores a changed copy that names its original.</summary>
    /// <param name="repository">Where to.</param>
    /// <param name="tree">Its tree.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="keepParent">False in another repository, where the parent may not be.</param>
    /// <param name="cancellationToken">Gives up before the file is stored.</param>
    /// <returns>The copy's id.</returns>
    public Task<ObjectId> SaveAsync(
        Repository repository,
        ObjectId tree,
        IReadOnlyList<string> tags,
        bool keepParent,
        CancellationToken cancellationToken
    )
    {
        var json = (JsonObject)_json.DeepClone();
        json["tree"] = tree.ToString();
        json["original"] = Original.ToString();
        if (tags.Count == 0)
            json.Remove("tags");
        else if (!tags.SequenceEqual(Tags))
            json["tags"] = new JsonArray([.. tags.Select(tag => (JsonNode)JsonValue.Create(tag))]);
        if (!keepParent)
            json.Remove("parent");
        return repository.SaveUnpackedAsync(
            ObjectKind.Snapshot,
            Encoding.UTF8.GetBytes(json.ToJsonString(s_plain)),
            cancellationToken
        );
    }

    private string Text(string field) =>
        _json[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private List<string> List(string field) =>
        _json[field] is JsonArray array
            ? [.. array.Select(item => item is JsonValue v && v.TryGetValue<string>(out var text) ? text : "")]
            : [];
}
