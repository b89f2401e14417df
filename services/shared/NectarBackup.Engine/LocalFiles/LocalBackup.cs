using NectarBackup.Engine.Backup;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Backs up local files. Walks the targets in byte order beside the parent snapshot's trees:
/// <list type="number">
/// <item>List a directory, sort its names; stat each; pass over what the rules exclude.</item>
/// <item>A file whose type, size, times and inode are the parent's, and whose chunks are all there, keeps the parent's content unread.</item>
/// <item>Any other file is opened, read extent by extent into the snapshot writer's buffers, and looked at again: had it changed meanwhile, it is read again.</item>
/// <item>What cannot be read is named and left out; the run goes on and is partial.</item>
/// </list>
/// </summary>
public sealed class LocalBackup
{
    /// <summary>A file that changes while it is read is read again so often, if it is not larger than this.</summary>
    private const int MaxRereads = 2;
    private const long MaxRereadSize = 64 << 20;

    /// <summary>A path may have thousands of components.</summary>
    private const int StackSize = 256 << 20;

    private readonly Repository _repository;
    private readonly SnapshotWriter _writer;
    private readonly ContentWriter _content;
    private readonly LocalFileReader _reader;
    private readonly LocalBackupOptions _options;
    private readonly NodeMetadataReader _metadata;
    private readonly CancellationToken _cancellation;
    private readonly PathBuffer _path = new();
    private readonly Node _node = new();
    private readonly HashSet<ulong> _devices = [];

    private LocalBackup(
        Repository repository,
        SnapshotWriter writer,
        LocalBackupOptions options,
        CancellationToken cancellationToken
    )
    {
        (_repository, _writer, _options, _cancellation) = (repository, writer, options, cancellationToken);
        _content = writer.NewContentWriter();
        _reader = new LocalFileReader(_content, writer.Progress, cancellationToken);
        _metadata = new NodeMetadataReader(new AccountNames(), options.WithAccessTime);
    }

    /// <summary>A path as a snapshot lists it: absolute, without "." and "..", links not followed.</summary>
    /// <param name="path">Raw bytes, not empty.</param>
    /// <param name="workingDirectory">Absolute; what a relative path starts from.</param>
    public static byte[] ListedPath(byte[] path, byte[] workingDirectory) =>
        LocalTarget.Absolute(path, workingDirectory);

    /// <summary>Walks all targets and adds what it finds below the writer's root. What fails is told to the options' listener and counted.</summary>
    /// <param name="repository">For the parent's trees.</param>
    /// <param name="writer">Where to; its root stays open.</param>
    /// <param name="options">What to walk.</param>
    /// <param name="parent">The tree of the snapshot to compare with, or null.</param>
    /// <param name="cancellationToken">Stops between two reads.</param>
    /// <exception cref="RepositoryException">Refused: a path is empty.</exception>
    public static Task RunAsync(
        Repository repository,
        SnapshotWriter writer,
        LocalBackupOptions options,
        ObjectId? parent,
        CancellationToken cancellationToken
    )
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(
            () =>
            {
                try
                {
                    var walk = new LocalBackup(repository, writer, options, cancellationToken);
                    var plan = LocalTarget.Plan(options.Paths, options.WorkingDirectory);
                    using var known = ParentTree.TryLoad(repository, parent, cancellationToken);
                    walk.WalkRoot(plan, known);
                    walk._content.Flush();
                    done.SetResult();
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            StackSize
        )
        {
            IsBackground = true,
            Name = "local backup",
        };
        thread.Start();
        return done.Task;
    }

    private void WalkRoot(LocalTarget plan, ParentTree? parent)
    {
        if (!plan.IsWhole)
        {
            WalkChildren(plan, _writer.Root, parent);
            return;
        }
        try
        {
            _path.Reset(plan.RootPath.AsSpan() is [(byte)'.'] ? _options.WorkingDirectory : plan.RootPath);
            using var directory = LocalDirectory.OpenRoot(plan.RootPath);
            _devices.Add(directory.GetStatus().DeviceId);
            WalkDirectory(directory, _writer.Root, parent);
        }
        catch (LocalFileException e)
        {
            Fault("scan", e);
        }
    }

    private void WalkChildren(LocalTarget target, DirectoryBuilder builder, ParentTree? parent)
    {
        foreach (var (name, child) in target.Children)
        {
            try
            {
                _path.Reset(LocalTarget.Absolute(child.Path, _options.WorkingDirectory));
                using var holder = LocalDirectory.OpenRoot(ParentOf(child.Path));
                var status = holder.GetStatus(name);
                if (child.IsWhole)
                {
                    _devices.Add(status.DeviceId);
                    WalkEntry(holder, name, status, builder, parent);
                    continue;
                }
                FillNode(holder, name, status);
                var known = parent?.Find(name);
                var below = _content.OpenDirectory(builder, _node);
                using var parentBelow = ParentTree.TryLoad(_repository, known?.Subtree, _cancellation);
                WalkChildren(child, below, parentBelow);
                _content.CloseDirectory(below);
            }
            catch (LocalFileException e)
            {
                Fault("scan", e);
            }
        }
    }

    private static byte[] ParentOf(byte[] path)
    {
        var slash = Array.LastIndexOf(path, (byte)'/');
        return slash < 0 ? "."u8.ToArray()
            : slash == 0 ? "/"u8.ToArray()
            : path[..slash];
    }

    private void WalkDirectory(LocalDirectory directory, DirectoryBuilder builder, ParentTree? parent)
    {
        var marker = _options.Excludes.FindMarker(directory);
        using var names = directory.ReadNames();
        for (var i = 0; i < names.Count; i++)
        {
            _cancellation.ThrowIfCancellationRequested();
            var name = names[i];
            if (marker is { } kept && !name.SequenceEqual(kept.Span))
                continue;
            var before = _path.Push(name);
            try
            {
                if (!directory.TryGetStatus(name, out var status))
                    Fault("scan", "it vanished before it could be read");
                else if (!_options.Excludes.IsExcluded(_path.Span) && !_options.Excludes.IsTooLarge(status))
                    WalkEntry(directory, name, status, builder, parent);
            }
            catch (LocalFileException e)
            {
                Fault("scan", e);
            }
            _path.Cut(before);
        }
    }

    private void WalkEntry(
        LocalDirectory directory,
        ReadOnlySpan<byte> name,
        in FileStatus status,
        DirectoryBuilder builder,
        ParentTree? parent
    )
    {
        var known = parent?.Find(name);
        switch (status.Type)
        {
            case NodeType.Directory:
                WalkSubdirectory(directory, name, status, builder, known);
                break;
            case NodeType.File:
                WalkFile(directory, name, status, builder, parent, known);
                break;
            case NodeType.Unknown:
                Fault("scan", "it is of a type that cannot be backed up");
                break;
            default:
                FillNode(directory, name, status);
                _content.AddNode(builder, _node);
                _writer.Progress.OtherDone();
                Tell(known is null, isUnchanged: false);
                break;
        }
    }

    private void WalkSubdirectory(
        LocalDirectory holder,
        ReadOnlySpan<byte> name,
        in FileStatus status,
        DirectoryBuilder builder,
        Node? known
    )
    {
        var isUnchanged = known is not null && IsUnchanged(known, status);
        var isNew = known is null;
        var tree = known?.Subtree;
        // A mount point of another file system stays in the snapshot as an empty directory.
        var isForeign = _options.OneFileSystem && !_devices.Contains(status.DeviceId);
        LocalDirectory? directory = null;
        try
        {
            if (!isForeign)
                directory = holder.OpenDirectory(name);
        }
        catch (LocalFileException e)
        {
            Fault("scan", e);
            if (e.Error == LocalFileError.Vanished)
                return;
        }
        using (directory)
        {
            if (directory is null)
                FillNode(holder, name, status);
            else
                Note(_metadata.Fill(_node, name, directory, status));
            var below = _content.OpenDirectory(builder, _node);
            try
            {
                using var parent = directory is null ? null : ParentTree.TryLoad(_repository, tree, _cancellation);
                if (directory is not null)
                    WalkDirectory(directory, below, parent);
            }
            catch (LocalFileException e)
            {
                Fault("scan", e);
            }
            _content.CloseDirectory(below);
        }
        _writer.Progress.DirectoryDone(isNew, isUnchanged);
        Tell(isNew, isUnchanged);
    }

    private void WalkFile(
        LocalDirectory directory,
        ReadOnlySpan<byte> name,
        in FileStatus status,
        DirectoryBuilder builder,
        ParentTree? parent,
        Node? known
    )
    {
        if (known is not null && IsUnchanged(known, status) && parent!.HasContent(_repository.Index))
        {
            FillNode(directory, name, status);
            _content.AddFile(builder, _node, parent.ContentJson);
            _writer.Progress.FileDone(isNew: false, isUnmodified: true, status.Size);
            Tell(isNew: false, isUnchanged: true);
            return;
        }
        try
        {
            ReadFile(directory, name, status, builder);
        }
        catch (LocalFileException e)
        {
            _content.AbandonFile();
            Fault("read", e);
            return;
        }
        _writer.Progress.FileDone(known is null, isUnmodified: false, 0);
        Tell(known is null, isUnchanged: false);
    }

    private bool IsUnchanged(Node known, in FileStatus status) =>
        known.Type == status.Type
        && (status.Type != NodeType.File || known.Size == (ulong)status.Size)
        && known.ModifyTime == status.ModifyTime
        && (_options.IgnoreChangeTime || known.ChangeTime == status.ChangeTime)
        && (_options.IgnoreInode || known.Inode == status.Inode);

    private void ReadFile(
        LocalDirectory directory,
        ReadOnlySpan<byte> name,
        in FileStatus status,
        DirectoryBuilder builder
    )
    {
        for (var attempt = 0; ; attempt++)
        {
            using var file = directory.OpenFile(name, status);
            var opened = file.Opened;
            Note(_metadata.Fill(_node, directory, name, file));
            _content.BeginFile(builder);
            var length = _reader.Read(file);
            if (!file.HasChanged(out var now) && length == opened.Size)
            {
                _content.EndFile(_node);
                return;
            }
            if (attempt < MaxRereads && now.Size <= MaxRereadSize)
            {
                _content.AbandonFile();
                continue;
            }
            _content.EndFile(_node);
            Fault("read", "it changed while it was read; what is stored may be a mixture of old and new");
            return;
        }
    }

    private void FillNode(LocalDirectory directory, ReadOnlySpan<byte> name, in FileStatus status) =>
        Note(_metadata.Fill(_node, directory, name, status));

    /// <summary>The entry is stored, though not all of its extended attributes could be read.</summary>
    private void Note(LocalFileException? attributes)
    {
        if (attributes is not null)
            Fault("read", attributes);
    }

    private void Tell(bool isNew, bool isUnchanged) =>
        _options.OnEntry?.Invoke(
            _path.Memory,
            isNew ? EntryChange.New
                : isUnchanged ? EntryChange.Unchanged
                : EntryChange.Changed
        );

    private void Fault(string during, LocalFileException e) => Fault(during, e.Message);

    private void Fault(string during, string message)
    {
        _writer.Progress.ErrorSeen();
        _options.OnFault(new LocalBackupFault(_path.Span.ToArray(), during, message));
    }
}
