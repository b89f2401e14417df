using System.Collections.Concurrent;
using NectarBackup.Engine.Indexes;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Stores;

namespace NectarBackup.Engine.Check;

/// <summary>Gathers what a check finds, tells the listener at once, and remembers which places are lost. Thread safe.</summary>
internal sealed class Findings(Action<CheckFinding> listener)
{
    private const string Repair =
        "run 'repair packs' on it, then 'repair snapshots'; a new backup of the same files may bring the content back";

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<ObjectId, long> _badPacks = [];
    private readonly ConcurrentDictionary<(ObjectId Pack, uint Offset), bool> _badBlobs = [];

    public int Errors { get; private set; }

    public int Warnings { get; private set; }

    /// <summary>Something that a snapshot may need is lost, so it is worth while to look for who needs it.</summary>
    public bool HasLoss { get; private set; }

    public void Add(CheckFault fault, ObjectName? what, string message, string? hint = null)
    {
        var finding = new CheckFinding(fault, what, message, hint);
        lock (_lock)
        {
            if (finding.IsWarning)
                Warnings++;
            else
                Errors++;
            HasLoss |= !finding.IsWarning && fault != CheckFault.SnapshotDamaged;
            listener(finding);
        }
    }

    /// <summary>What failed is told by the kind of error: a read that did not succeed is no damage.</summary>
    public void Add(CheckFault fault, ObjectName? what, Exception error, string? hint = null)
    {
        if (error is StoreException { IsNotFound: false, Fault: not StoreFault.TooShort })
            Add(CheckFault.Unreadable, what, error.Message, "try again when the store answers");
        else
            Add(fault, what, error.Message, hint ?? (error as RepositoryException)?.Hint);
    }

    /// <summary>From <paramref name="length"/> on, a pack has nothing.</summary>
    public void PackEndsAt(CheckFault fault, ObjectId pack, long length, string message, string hint)
    {
        _badPacks[pack] = length;
        Add(fault, new ObjectName(ObjectKind.Pack, pack), message, hint);
    }

    public void PackBad(ObjectId pack, string message) =>
        Add(CheckFault.PackDamaged, new ObjectName(ObjectKind.Pack, pack), message, Repair);

    public void BlobBad(ObjectId pack, in PackBlob blob, string message)
    {
        _badBlobs[(pack, blob.Offset)] = true;
        Add(CheckFault.BlobDamaged, new ObjectName(ObjectKind.Pack, pack), message, Repair);
    }

    /// <summary>No place that the index has for a blob is known to be good.</summary>
    public bool IsLost(BlobIndex index, BlobType type, ObjectId id)
    {
        foreach (var (pack, blob) in index.FindAll(type, id))
        {
            var isCut = _badPacks.TryGetValue(pack, out var end) && (long)blob.Offset + blob.Length > end;
            if (!isCut && !_badBlobs.ContainsKey((pack, blob.Offset)))
                return false;
        }
        return true;
    }
}
