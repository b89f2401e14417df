using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Browse;

/// <summary>Writes what a snapshot holds to a stream: a file as it is, a directory as an archive (restic <c>dump</c>).</summary>
public static class TreeDump
{
    /// <summary>Writes the content of a file.</summary>
    /// <exception cref="RepositoryException">Refused: the node is no file. Damaged.</exception>
    public static async Task WriteFileAsync(
        Repository repository,
        Node file,
        Stream output,
        CancellationToken cancellationToken
    )
    {
        if (file.Type != NodeType.File)
            throw new RepositoryException(
                RepositoryError.Refused,
                $"'{BytePath.Display(file.Name.Span)}' is no file",
                "dump a directory as an archive"
            );
        await using var content = FileContentStream.Open(repository, file.Content.WrittenSpan);
        await content.CopyToAsync(output, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Writes a tree and all below it as a pax archive. Sockets are left out: tar has no entry for them. An archive cannot take a file back that
    /// turns out damaged half-way, so the first damage ends it.
    /// </summary>
    /// <param name="repository">Its index must be loaded.</param>
    /// <param name="tree">The directory.</param>
    /// <param name="prefix">What the names in the archive begin with, raw bytes without a leading '/'; may be empty.</param>
    /// <param name="output">Need not be seekable.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <exception cref="RepositoryException">Damaged.</exception>
    public static async Task WriteTarAsync(
        Repository repository,
        ObjectId tree,
        ReadOnlyMemory<byte> prefix,
        Stream output,
        CancellationToken cancellationToken
    )
    {
        var tar = new TarWriter(output);
        var links = new Dictionary<(ulong Device, ulong Inode), byte[]>();
        var walk = new TreeWalk(repository, tree, prefix);
        TreeStep step;
        while ((step = await walk.NextAsync(cancellationToken).ConfigureAwait(false)) != TreeStep.End)
        {
            var node = walk.Node;
            if (step == TreeStep.Fault)
                throw walk.Fault!;
            if (step == TreeStep.Leave || !IsArchived(walk, step))
                continue;
            if (step == TreeStep.Enter)
            {
                await tar.WriteEntryAsync(Slashed(walk.Path.Span), node, default, cancellationToken)
                    .ConfigureAwait(false);
                continue;
            }
            if (
                node.Links > 1
                && node.Type == NodeType.File
                && !links.TryAdd((node.DeviceId, node.Inode), walk.Path.ToArray())
            )
            {
                var first = links[(node.DeviceId, node.Inode)];
                await tar.WriteEntryAsync(walk.Path, node, first, cancellationToken).ConfigureAwait(false);
                continue;
            }
            if (node.Type != NodeType.File)
            {
                await tar.WriteEntryAsync(walk.Path, node, default, cancellationToken).ConfigureAwait(false);
                continue;
            }
            await using var content = FileContentStream.Open(repository, node.Content.WrittenSpan);
            await tar.BeginFileAsync(walk.Path, node, content.Length, cancellationToken).ConfigureAwait(false);
            await tar.CopyContentAsync(content, cancellationToken).ConfigureAwait(false);
        }
        await tar.FinishAsync(cancellationToken).ConfigureAwait(false);
    }

    // A name that leads elsewhere would do so where the archive is unpacked.
    internal static bool IsArchived(TreeWalk walk, TreeStep step)
    {
        var isGood =
            TreeReader.IsSafeName(walk.Node.Name.Span) && walk.Node.Type is not (NodeType.Socket or NodeType.Unknown);
        if (!isGood && step == TreeStep.Enter)
            walk.Skip();
        return isGood;
    }

    internal static byte[] Slashed(ReadOnlySpan<byte> path) => [.. path, (byte)'/'];
}
