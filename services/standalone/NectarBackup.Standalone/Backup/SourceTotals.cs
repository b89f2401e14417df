using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Standalone.Backup;

/// <summary>
/// Counts beside a backup what there is to be backed up, for the time that is left. Only an estimate: what cannot be read is passed over, for the backup itself
/// will name it.
/// </summary>
internal sealed class SourceTotals(LocalBackupOptions source)
{
    private long _files;
    private long _bytes;
    private volatile bool _isComplete;

    public long Files => Interlocked.Read(ref _files);

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>All is counted.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Walks all paths; returns early when cancelled.</summary>
    public void Count(CancellationToken cancellationToken)
    {
        foreach (var path in source.Paths)
        {
            var absolute = LocalBackup.ListedPath(path, source.WorkingDirectory);
            var slash = Array.LastIndexOf(absolute, (byte)'/');
            try
            {
                if (absolute.Length == 1)
                {
                    using var root = LocalDirectory.OpenRoot(absolute);
                    CountBelow(root, absolute, root.GetStatus().DeviceId, cancellationToken);
                    continue;
                }
                using var holder = LocalDirectory.OpenRoot(slash == 0 ? "/"u8 : absolute.AsSpan(0, slash));
                if (holder.TryGetStatus(absolute.AsSpan(slash + 1), out var status))
                    CountEntry(
                        holder,
                        absolute,
                        absolute.AsSpan(slash + 1),
                        status,
                        status.DeviceId,
                        cancellationToken
                    );
            }
            catch (LocalFileException)
            {
                // The backup names it.
            }
        }
        _isComplete = !cancellationToken.IsCancellationRequested;
    }

    private void CountEntry(
        LocalDirectory holder,
        byte[] path,
        ReadOnlySpan<byte> name,
        in FileStatus status,
        ulong device,
        CancellationToken cancellationToken
    )
    {
        if (status.Type == NodeType.File && !source.Excludes.IsTooLarge(status))
        {
            Interlocked.Increment(ref _files);
            Interlocked.Add(ref _bytes, status.Size);
        }
        else if (status.Type == NodeType.Directory && !(source.OneFileSystem && status.DeviceId != device))
        {
            using var directory = holder.OpenDirectory(name);
            CountBelow(directory, path, device, cancellationToken);
        }
    }

    private void CountBelow(LocalDirectory directory, byte[] path, ulong device, CancellationToken cancellationToken)
    {
        if (source.Excludes.HasMarkers && source.Excludes.FindMarker(directory) is not null)
            return;
        using var names = directory.ReadNames();
        for (var i = 0; i < names.Count && !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                var name = names[i];
                byte[] below = path.Length == 1 ? [(byte)'/', .. name] : [.. path, (byte)'/', .. name];
                if (directory.TryGetStatus(name, out var status) && !source.Excludes.IsExcluded(below))
                    CountEntry(directory, below, name, status, device, cancellationToken);
            }
            catch (LocalFileException)
            {
                // The backup names it.
            }
        }
    }
}
