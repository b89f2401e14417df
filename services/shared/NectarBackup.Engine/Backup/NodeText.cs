using System.Buffers;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Backup;

/// <summary>
/// Writes the JSON of nodes into text segments: one for each thread that adds nodes. A segment is never moved, so that a worker can fill in an id
/// while the next nodes are written behind it.
/// </summary>
internal sealed class NodeText
{
    private const int SegmentSize = 16 << 10;

    private readonly ArrayBufferWriter<byte> _scratch = new(1 << 10);
    private readonly List<DirectoryBuilder.Piece> _content = [];
    private byte[] _segment = new byte[SegmentSize];
    private int _used;
    private int _pieceStart;

    /// <summary>Starts the content of a file. Ids may follow.</summary>
    public void BeginContent()
    {
        _content.Clear();
        _pieceStart = _used;
        Put("["u8);
    }

    /// <summary>Room for one more id of the content: 64 bytes that are to be filled in.</summary>
    public DirectoryBuilder.Piece AddId(bool isFirst)
    {
        Reserve(ObjectId.HexLength + 3);
        Put(isFirst ? "\""u8 : ",\""u8);
        var id = new DirectoryBuilder.Piece(_segment, _used, ObjectId.HexLength);
        _used += ObjectId.HexLength;
        Put("\""u8);
        return id;
    }

    /// <summary>Ends the content and adds the file's node.</summary>
    public void EndFile(DirectoryBuilder directory, Node node)
    {
        Put("]"u8);
        EndTail(node);
        Add(directory, node);
    }

    /// <summary>Adds a node that is no file, or a file whose content is copied as JSON.</summary>
    public void AddWhole(DirectoryBuilder directory, Node node, ReadOnlySpan<byte> contentJson)
    {
        _content.Clear();
        _pieceStart = _used;
        Put(contentJson);
        EndTail(node);
        Add(directory, node);
    }

    /// <summary>Adds a directory's node with room for the id of its tree.</summary>
    public DirectoryBuilder.Piece AddDirectory(DirectoryBuilder directory, Node node)
    {
        _content.Clear();
        _pieceStart = _used;
        Put("null,\"subtree\":"u8);
        var id = AddId(isFirst: true);
        EndTail(node);
        Add(directory, node);
        return id;
    }

    private void EndTail(Node node)
    {
        _scratch.ResetWrittenCount();
        NodeEncoder.WriteEnd(_scratch, node);
        Put(_scratch.WrittenSpan);
        EndPiece();
    }

    // The head is written behind the content, as the size of a file is only known when it has been read, and put before it in the list of pieces.
    private void Add(DirectoryBuilder directory, Node node)
    {
        _scratch.ResetWrittenCount();
        NodeEncoder.WriteHead(_scratch, node);
        var head = _scratch.WrittenSpan;
        Reserve(head.Length + node.Name.Length);
        _pieceStart = _used;
        Put(head);
        _content.Insert(0, new DirectoryBuilder.Piece(_segment, _pieceStart, head.Length));
        var name = new DirectoryBuilder.Piece(_segment, _used, node.Name.Length);
        Put(node.Name.Span);
        _pieceStart = _used;
        directory.Add(name, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_content));
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_segment.AsSpan(_used));
        _used += bytes.Length;
    }

    private void Reserve(int length)
    {
        if (_segment.Length - _used >= length)
            return;
        EndPiece();
        _segment = new byte[Math.Max(SegmentSize, length)];
        _used = _pieceStart = 0;
    }

    private void EndPiece()
    {
        if (_used > _pieceStart)
            _content.Add(new DirectoryBuilder.Piece(_segment, _pieceStart, _used - _pieceStart));
        _pieceStart = _used;
    }
}
