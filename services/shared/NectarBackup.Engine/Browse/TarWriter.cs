using System.Buffers;
using System.Globalization;
using System.Text;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>
/// Writes a tar archive in the pax format (POSIX.1-2008 "pax Interchange Format"): what does not fit the fields of ustar goes into extended headers,
/// names as raw bytes, attributes as <c>SCHILY.xattr.*</c>, as restic and GNU tar do. One thread at a time.
/// </summary>
public sealed class TarWriter(Stream output)
{
    private const int BlockSize = 512;

    // Numbers that fit a field of octal digits with a final NUL (ustar).
    private const long MaxSmall = 0x1f_ffff; // 7 digits
    private const long MaxLarge = 0x1_ffff_ffff; // 11 digits

    private readonly byte[] _header = new byte[BlockSize];
    private readonly ArrayBufferWriter<byte> _records = new(BlockSize);
    private long _left;

    /// <summary>Writes an entry without content: a directory, a link, a device.</summary>
    /// <param name="path">Raw bytes, without a leading '/'; a directory's ends with '/'.</param>
    /// <param name="node">The metadata.</param>
    /// <param name="hardLinkTo">The path of an earlier entry of the archive that this is a hard link to; else empty.</param>
    /// <param name="cancellationToken">For the write.</param>
    public ValueTask WriteEntryAsync(
        ReadOnlyMemory<byte> path,
        Node node,
        ReadOnlyMemory<byte> hardLinkTo,
        CancellationToken cancellationToken
    ) => WriteHeadersAsync(path, node, hardLinkTo, 0, cancellationToken);

    /// <summary>Begins a file; exactly <paramref name="size"/> bytes of content must follow.</summary>
    public ValueTask BeginFileAsync(
        ReadOnlyMemory<byte> path,
        Node node,
        long size,
        CancellationToken cancellationToken
    ) => WriteHeadersAsync(path, node, default, size, cancellationToken);

    /// <summary>Copies the content of the file that was begun, and fills its last block.</summary>
    public async Task CopyContentAsync(Stream content, CancellationToken cancellationToken)
    {
        var length = content.Length;
        if (length != _left)
            throw new ArgumentException("The content has another length than the entry.", nameof(content));
        await content.CopyToAsync(output, cancellationToken).ConfigureAwait(false);
        await PadAsync(length, cancellationToken).ConfigureAwait(false);
        _left = 0;
    }

    /// <summary>Writes the two blocks that end an archive.</summary>
    public ValueTask FinishAsync(CancellationToken cancellationToken) =>
        output.WriteAsync(new byte[2 * BlockSize], cancellationToken);

    private async ValueTask WriteHeadersAsync(
        ReadOnlyMemory<byte> path,
        Node node,
        ReadOnlyMemory<byte> hardLinkTo,
        long size,
        CancellationToken cancellationToken
    )
    {
        if (_left != 0)
            throw new InvalidOperationException("The content of the last file is missing.");
        var link = hardLinkTo.IsEmpty ? node.LinkTarget : hardLinkTo;
        CollectRecords(path.Span, link.Span, node, size);
        if (_records.WrittenCount > 0)
        {
            Fill("PaxHeaders/entry"u8, default, node, 'x', _records.WrittenCount);
            await output.WriteAsync(_header, cancellationToken).ConfigureAwait(false);
            await output.WriteAsync(_records.WrittenMemory, cancellationToken).ConfigureAwait(false);
            await PadAsync(_records.WrittenCount, cancellationToken).ConfigureAwait(false);
        }
        var type = !hardLinkTo.IsEmpty
            ? '1'
            : node.Type switch
            {
                NodeType.Directory => '5',
                NodeType.Symlink => '2',
                NodeType.CharDevice => '3',
                NodeType.BlockDevice => '4',
                NodeType.Fifo => '6',
                _ => '0',
            };
        Fill(path.Span, link.Span, node, type, size);
        await output.WriteAsync(_header, cancellationToken).ConfigureAwait(false);
        _left = size;
    }

    private async ValueTask PadAsync(long length, CancellationToken cancellationToken)
    {
        var rest = (int)(-length & (BlockSize - 1));
        if (rest > 0)
            await output.WriteAsync(new byte[rest], cancellationToken).ConfigureAwait(false);
    }

    private void CollectRecords(ReadOnlySpan<byte> path, ReadOnlySpan<byte> link, Node node, long size)
    {
        _records.ResetWrittenCount();
        // "BINARY": the values are bytes of no particular encoding (POSIX.1-2008, hdrcharset).
        if (!IsUtf8(path) || !IsUtf8(link))
            Record("hdrcharset"u8, "BINARY"u8);
        if (path.Length > 100 || !Ascii.IsValid(path))
            Record("path"u8, path);
        if (link.Length > 100 || !Ascii.IsValid(link))
            Record("linkpath"u8, link);
        if (size > MaxLarge)
            Record("size"u8, Number(size));
        if (node.UserId > MaxSmall)
            Record("uid"u8, Number(node.UserId));
        if (node.GroupId > MaxSmall)
            Record("gid"u8, Number(node.GroupId));
        if (node.User.Length > 31 || !Ascii.IsValid(node.User))
            Record("uname"u8, Encoding.UTF8.GetBytes(node.User));
        if (node.Group.Length > 31 || !Ascii.IsValid(node.Group))
            Record("gname"u8, Encoding.UTF8.GetBytes(node.Group));
        if (node.ModifyTime is not { Nanoseconds: 0, Seconds: >= 0 and <= MaxLarge })
            Record("mtime"u8, Time(node.ModifyTime));
        if (node.AccessTime != node.ModifyTime)
            Record("atime"u8, Time(node.AccessTime));
        foreach (var attribute in node.ExtendedAttributes)
            // A name with '=' or NUL would break the record apart.
            if (attribute.Name.Span.IndexOfAny((byte)'=', (byte)0) < 0)
                Record([.. "SCHILY.xattr."u8, .. attribute.Name.Span], attribute.Value.Span);
    }

    private static bool IsUtf8(ReadOnlySpan<byte> text) => System.Text.Unicode.Utf8.IsValid(text);

    private static byte[] Number(long value) => Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture));

    // Nanoseconds count forward from the second before, the decimal fraction counts from zero outwards.
    private static byte[] Time(NodeTime time)
    {
        var (seconds, nanoseconds) = (time.Seconds, time.Nanoseconds);
        var sign = "";
        if (seconds < 0 && nanoseconds > 0)
            (seconds, nanoseconds) = (seconds + 1, 1_000_000_000 - nanoseconds);
        if (time.Seconds < 0)
            (sign, seconds) = ("-", -seconds);
        var text =
            nanoseconds == 0
                ? FormattableString.Invariant($"{sign}{seconds}")
                : FormattableString.Invariant($"{sign}{seconds}.{nanoseconds:d9}").TrimEnd('0');
        return Encoding.ASCII.GetBytes(text);
    }

    // "length key=value\n", where length counts itself.
    private void Record(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var rest = 1 + key.Length + 1 + value.Length + 1;
        var digits = 1;
        while ((rest + digits).ToString(CultureInfo.InvariantCulture).Length != digits)
            digits++;
        _records.Write(Number(rest + digits));
        _records.Write(" "u8);
        _records.Write(key);
        _records.Write("="u8);
        _records.Write(value);
        _records.Write("\n"u8);
    }

    /// <summary>The ustar header; what does not fit is cut off, and stands in the records.</summary>
    private void Fill(ReadOnlySpan<byte> path, ReadOnlySpan<byte> link, Node node, char type, long size)
    {
        var header = _header.AsSpan();
        header.Clear();
        Text(header[..100], path);
        Octal(header.Slice(100, 8), node.Mode & 0xfff);
        Octal(header.Slice(108, 8), node.UserId <= MaxSmall ? node.UserId : 0);
        Octal(header.Slice(116, 8), node.GroupId <= MaxSmall ? node.GroupId : 0);
        Octal(header.Slice(124, 12), size <= MaxLarge ? size : 0);
        Octal(header.Slice(136, 12), Math.Clamp(node.ModifyTime.Seconds, 0, MaxLarge));
        header[156] = (byte)type;
        Text(header.Slice(157, 100), type is '1' or '2' ? link : default);
        "ustar\0"u8.CopyTo(header[257..]);
        "00"u8.CopyTo(header[263..]);
        Text(header.Slice(265, 31), Encoding.UTF8.GetBytes(node.User));
        Text(header.Slice(297, 31), Encoding.UTF8.GetBytes(node.Group));
        if (type is '3' or '4')
        {
            // glibc's gnu_dev_major and gnu_dev_minor: the numbers are interleaved.
            var device = node.Device;
            Octal(header.Slice(329, 8), (long)((device >> 8 & 0xfff) | (device >> 32 & 0xfffff000)));
            Octal(header.Slice(337, 8), (long)((device & 0xff) | (device >> 12 & 0xffffff00)));
        }
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var octet in header)
            sum += octet;
        Octal(header.Slice(148, 7), sum);
    }

    private static void Text(Span<byte> field, ReadOnlySpan<byte> text) =>
        text[..Math.Min(text.Length, field.Length)].CopyTo(field);

    private static void Octal(Span<byte> field, long value)
    {
        for (var i = field.Length - 2; i >= 0; i--, value >>= 3)
            field[i] = (byte)('0' + (value & 7));
    }
}
