using System.IO.Compression;
using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>
/// Writes a directory of a snapshot as a zip archive (PKWARE APPNOTE 6.3; the modes in the upper half of the external attributes as Info-ZIP has them).
/// Names are UTF-8 by the format: bytes that are not are written as <c>\xHH</c>. Devices, FIFOs, attributes and owners have no place in it.
/// </summary>
public static class ZipDump
{
    private const uint FileBit = 0x8000,
        DirectoryBit = 0x4000,
        LinkBit = 0xa000;

    // Times of DOS: two digits of the year from 1980.
    private static readonly DateTimeOffset s_first = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_last = new(2107, 12, 31, 23, 59, 58, TimeSpan.Zero);

    /// <param name="repository">Its index must be loaded.</param>
    /// <param name="tree">The directory.</param>
    /// <param name="prefix">What the names in the archive begin with, raw bytes without a leading '/'; may be empty.</param>
    /// <param name="output">Need not be seekable.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task WriteAsync(
        Repository repository,
        ObjectId tree,
        ReadOnlyMemory<byte> prefix,
        Stream output,
        CancellationToken cancellationToken
    )
    {
        var zip = await ZipArchive
            .CreateAsync(output, ZipArchiveMode.Create, leaveOpen: true, Encoding.UTF8, cancellationToken)
            .ConfigureAwait(false);
        await using (zip.ConfigureAwait(false))
        {
            var walk = new TreeWalk(repository, tree, prefix);
            TreeStep step;
            while ((step = await walk.NextAsync(cancellationToken).ConfigureAwait(false)) != TreeStep.End)
            {
                if (step == TreeStep.Fault)
                    throw walk.Fault!;
                if (step != TreeStep.Leave && TreeDump.IsArchived(walk, step))
                    await AddAsync(repository, zip, walk, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static async Task AddAsync(
        Repository repository,
        ZipArchive zip,
        TreeWalk walk,
        CancellationToken cancellationToken
    )
    {
        var node = walk.Node;
        var type = node.Type switch
        {
            NodeType.File => FileBit,
            NodeType.Directory => DirectoryBit,
            NodeType.Symlink => LinkBit,
            _ => 0u,
        };
        if (type == 0)
            return;
        var isDirectory = type == DirectoryBit;
        var entry = zip.CreateEntry(
            NameOf(isDirectory ? TreeDump.Slashed(walk.Path.Span) : walk.Path.Span),
            isDirectory ? CompressionLevel.NoCompression : CompressionLevel.Optimal
        );
        entry.ExternalAttributes = (int)((type | node.Mode & 0xfff) << 16) | (isDirectory ? 0x10 : 0);
        var time = DateTimeOffset.UnixEpoch.AddSeconds(
            Math.Clamp(node.ModifyTime.Seconds, s_first.ToUnixTimeSeconds(), s_last.ToUnixTimeSeconds())
        );
        entry.LastWriteTime = time;
        if (isDirectory)
            return;
        var to = await entry.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (to.ConfigureAwait(false))
        {
            if (type == LinkBit)
                await to.WriteAsync(node.LinkTarget, cancellationToken).ConfigureAwait(false);
            else
                await TreeDump.WriteFileAsync(repository, node, to, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string NameOf(ReadOnlySpan<byte> path)
    {
        if (System.Text.Unicode.Utf8.IsValid(path))
            return Encoding.UTF8.GetString(path);
        var name = new StringBuilder();
        while (!path.IsEmpty)
        {
            var length = BytePath.DecodeRune(path, out var rune);
            name.Append(rune < 0 ? $"\\x{path[0]:x2}" : new Rune(rune).ToString());
            path = path[length..];
        }
        return name.ToString();
    }
}
