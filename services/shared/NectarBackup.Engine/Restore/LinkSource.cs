using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>
/// The first file of a set of hard links. The others are linked to it when it is done: those that the walk finds earlier wait here.
/// </summary>
internal sealed class LinkSource(Folder folder, byte[] name)
{
    private readonly Lock _gate = new();
    private List<(Folder Folder, byte[] Name)>? _waiting;
    private bool _isSettled;
    private bool _isWhole;

    /// <summary>Makes the link now, or when the file is done.</summary>
    public void Link(RestoreRun run, Folder to, byte[] linkName)
    {
        lock (_gate)
        {
            if (!_isSettled)
            {
                to.Hold();
                (_waiting ??= []).Add((to, linkName));
                return;
            }
        }
        Create(run, to, linkName);
    }

    /// <summary>The file is done; its folder is still open.</summary>
    public void Settle(RestoreRun run, bool isWhole)
    {
        List<(Folder Folder, byte[] Name)>? waiting;
        lock (_gate)
        {
            (_isSettled, _isWhole) = (true, isWhole);
            (waiting, _waiting) = (_waiting, null);
        }
        foreach (var (to, linkName) in waiting ?? [])
        {
            if (!run.IsStopped)
                Create(run, to, linkName);
            to.Release();
        }
    }

    private void Create(RestoreRun run, Folder to, byte[] linkName)
    {
        var path = to.PathOf(linkName);
        var opened = new List<RestoreDirectory>();
        var isHeld = folder.TryHold();
        try
        {
            to.Handle.CreateHardLink(linkName, isHeld ? folder.Handle : run.OpenAgain(folder.Path, opened), name);
            if (!_isWhole)
            {
                run.Fault(
                    path,
                    "content",
                    $"it is a link to '{BytePath.Display(folder.PathOf(name))}', which is not whole",
                    null
                );
                return;
            }
            run.Plan.Progress.FileDone();
            run.Tell(to, linkName, RestoreAction.Restored);
        }
        catch (LocalFileException e)
        {
            run.Fault(path, "write", e);
        }
        finally
        {
            for (var i = opened.Count - 1; i >= 0; i--)
                opened[i].Dispose();
            if (isHeld)
                folder.Release();
        }
    }
}
