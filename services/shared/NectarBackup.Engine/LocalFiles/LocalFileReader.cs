using NectarBackup.Engine.Backup;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>Reads the content of local files straight into the snapshot writer's buffers.</summary>
internal sealed class LocalFileReader(ContentWriter content, BackupProgress progress, CancellationToken cancellation)
{
    /// <summary>Bytes that are read at once: what stays in a core's cache until it is cut.</summary>
    private const int ReadSize = 1 << 20;

    /// <summary>Reads the whole file.</summary>
    /// <returns>Bytes of content; other than its size if it changed meanwhile.</returns>
    /// <exception cref="LocalFileException">A read failed.</exception>
    public long Read(LocalFile file) =>
        file.Opened.MayHaveHoles ? ReadExtents(file, file.Opened.Size) : ReadPlain(file, file.Opened.Size);

    /// <summary>Reads from the start to the end as it is then.</summary>
    private long ReadPlain(LocalFile file, long expected)
    {
        long at = 0;
        while (true)
        {
            var buffer = content.GetBuffer();
            if (buffer.Length > ReadSize)
                buffer = buffer[..ReadSize];
            var count = file.Read(buffer, at);
            if (count == 0)
                return at;
            content.Advance(count);
            progress.BytesRead(count);
            at += count;
            // A short read, or exactly what was expected, is the end: the look at the status afterwards tells if it was not.
            if (count < buffer.Length || at == expected)
                return at;
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Reads the stretches of data of a sparse file; holes cost nothing.</summary>
    private long ReadExtents(LocalFile file, long size)
    {
        long at = 0;
        while (at < size)
        {
            var hasData = file.NextExtent(at, out var start, out var end);
            var hole = (hasData ? Math.Min(start, size) : size) - at;
            if (hole > 0)
            {
                content.WriteZeros((ulong)hole);
                progress.BytesRead(hole);
                at += hole;
            }
            for (; at < Math.Min(end, size); cancellation.ThrowIfCancellationRequested())
            {
                var buffer = content.GetBuffer();
                var count = file.Read(buffer[..(int)Math.Min(Math.Min(buffer.Length, ReadSize), end - at)], at);
                if (count == 0)
                    return at;
                content.Advance(count);
                progress.BytesRead(count);
                at += count;
            }
        }
        return at;
    }
}
