using System.Buffers;
using System.Text.Json;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Snapshots;
using NectarBackup.Engine.Trees;
using NectarBackup.Standalone.CommandLine;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.Browse;

/// <summary>What <c>find</c> tells: matches by snapshot; in JSON one array of all snapshots with matches (restic <c>cmd_find.go</c>).</summary>
internal sealed class FindReport : IDisposable
{
    private readonly CommandRun _run;
    private readonly bool _isLong;
    private readonly bool _isHuman;
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly Utf8JsonWriter _json;
    private bool _isFirst = true;
    private int _hits;
    private Snapshot? _snapshot;

    public FindReport(CommandRun run, bool isLong, bool isHuman)
    {
        (_run, _isLong, _isHuman) = (run, isLong, isHuman);
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
        else if (_isLong)
            _run.Out.NameLine(NodeText.LongPrefix(node, _isHuman), path, NodeText.LongSuffix(node));
        else
            _run.Out.NameLine("", path);
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

    public void End(Snapshot snapshot)
    {
        if (_hits == 0 || !_run.Json)
            return;
        _json.WriteEndArray();
        _json.WriteNumber("hits", _hits);
        _json.WriteString("snapshot", snapshot.Id.ToString());
        _json.WriteEndObject();
    }

    public void Fault(ReadOnlySpan<byte> path, Exception? cause)
    {
        IsWhole = false;
        _run.Warn($"{BytePath.Display(path)}: {cause?.Message}");
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
