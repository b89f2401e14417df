using System.Buffers;
using System.Text.Json;
using NectarBackup.Engine;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Browse;

/// <summary>What <c>find</c> tells: matches by snapshot; in JSON one array of all snapshots with matches (restic <c>cmd_find.go</c>).</summary>
internal sealed class FindReport : IDisposable
{
    private readonly CommandRun _run;
    private readonly FindSearch _search;
    private readonly Repository _repository;
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly Utf8JsonWriter _json;
    private bool _isFirst = true;
    private int _hits;
    private Snapshot? _snapshot;

    public FindReport(CommandRun run, FindSearch search, Repository repository)
    {
        (_run, _search, _repository) = (run, search, repository);
        _json = new Utf8JsonWriter(_text, Writer.JsonOptions);
        _json.WriteStartArray();
    }

    /// <summary>No directory was unreadable.</summary>
    public bool IsWhole { get; private set; } = true;

    public void Begin(Snapshot snapshot) => (_snapshot, _hits) = (snapshot, 0);

    public void Add(Node node, ReadOnlySpan<byte> path)
    {
        if (_hits++ == 0)
            BeginMatches();
        if (_run.Json)
            NodeText.WriteFound(_json, node, path);
        else if (_search.IsLong)
            _run.Out.NameLine(NodeText.LongPrefix(node, _search.IsHuman), path, NodeText.LongSuffix(node));
        else
            _run.Out.NameLine("", path);
    }

    /// <summary>A blob, and the entry that is or holds it; in JSON these stand in the array without a frame for the snapshot.</summary>
    public void Add(BlobType type, ObjectId id, ReadOnlySpan<byte> path, ObjectId parent)
    {
        var isTree = type == BlobType.Tree;
        if (_run.Json)
        {
            _json.WriteStartObject();
            _json.WriteString("object_type", isTree ? "tree" : "blob");
            _json.WriteString("id", id.ToString());
            _json.WriteString("path", NodeText.Text(path));
            if (!isTree)
                _json.WriteString("parent_tree", parent.ToString());
            _json.WriteString("snapshot", _snapshot!.Id.ToString());
            _json.WriteString("time", _snapshot.Time.ToString());
            _json.WriteEndObject();
            return;
        }
        _run.Out.Line($"Found {(isTree ? "tree" : "blob")} {id}");
        _run.Out.NameLine(isTree ? " ... path " : " ... in file ", path);
        if (!isTree)
            _run.Out.Line($"     (tree {parent})");
        _run.Out.Line($" ... in snapshot {_snapshot!.Id.Short} ({Times.Show(_snapshot.Time)})");
        if (_search.ShowsPacks)
            ShowPacks(type, id);
    }

    private void ShowPacks(BlobType type, ObjectId id)
    {
        foreach (var place in _repository.Index.FindAll(type, id))
            _run.Out.Line(
                $"Object belongs to pack {place.Pack}\n ... Pack {place.Pack.Short}: offset {place.Blob.Offset}, length {place.Blob.Length}"
            );
    }

    private void BeginMatches()
    {
        if (_run.Json)
        {
            _json.WriteStartObject();
            _json.WriteStartArray("matches");
            return;
        }
        if (!_isFirst)
            _run.Out.Line();
        _isFirst = false;
        _run.Out.Line($"Found matching entries in snapshot {_snapshot!.Id.Short} from {Times.Show(_snapshot.Time)}");
    }

    public void End()
    {
        if (_hits == 0 || !_run.Json)
            return;
        _json.WriteEndArray();
        _json.WriteNumber("hits", _hits);
        _json.WriteString("snapshot", _snapshot!.Id.ToString());
        _json.WriteEndObject();
    }

    public void Fault(ReadOnlyMemory<byte> path, Exception cause)
    {
        IsWhole = false;
        _run.Warn($"{BytePath.Display(path.Span)}: {cause.Message}");
    }

    public void Dispose()
    {
        if (_run.Json)
        {
            _json.WriteEndArray();
            _json.Flush();
            _run.Out.Bytes(_text.WrittenSpan);
            _run.Out.Line();
        }
        _json.Dispose();
    }
}
