using System.Text;
using NectarBackup.Engine;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Packs;
using NectarBackup.Engine.Restore;
using NectarBackup.Engine.Stores;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Fuzz.Targets;

/// <summary>Restores of trees that no honest program wrote. Nothing outside the target may change, whatever names and links say.</summary>
internal static class RestoreTargets
{
    private const int MaxTrees = 8;
    private static readonly byte[] s_small = "one"u8.ToArray();
    private static readonly byte[] s_zeros = new byte[5000];
    private static readonly Lazy<Cage> s_cage = new();

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("restore", Seeds(), Restore, typeof(RepositoryException), typeof(LocalFileException)) { Weight = 40 },
        new("attributes", AttributeSeeds(), Attributes, typeof(LocalFileException)) { Weight = 10 },
    ];

    // Trees, parted by NULs; "@n" is the id of the n-th one, "@P" the directory outside the target.
    private static byte[][] Seeds()
    {
        var file = $",\"content\":[\"{ObjectId.Of(s_small)}\",\"{ObjectId.Of(s_zeros)}\"]";
        var linked = file.Replace("\"content\"", "\"links\":2,\"content\"", StringComparison.Ordinal);
        string[] honest =
        [
            TreeTargets.Node("a", "file", file),
            TreeTargets.Node("b", "dir", ",\"subtree\":\"@1\""),
            TreeTargets.Node("f", "fifo"),
            TreeTargets.Node("l", "symlink", ",\"linktarget\":\"b/a\""),
            TreeTargets.Node("m", "file", linked),
            TreeTargets.Node("n", "file", linked),
            TreeTargets.Node("s", "socket"),
        ];
        string[] hostile =
        [
            TreeTargets.Node("../canary", "file", file),
            TreeTargets.Node("..", "dir", ",\"subtree\":\"@1\""),
            TreeTargets.Node("@P/canary", "file", file),
            TreeTargets.Node("x", "symlink", ",\"linktarget\":\"@P\""),
            TreeTargets.Node("x", "dir", ",\"subtree\":\"@1\""),
            TreeTargets.Node("y", "symlink", ",\"linktarget\":\"../../canary\""),
            TreeTargets.Node("y", "file", file),
        ];
        var child = $"{{\"nodes\":[{TreeTargets.Node("canary", "file", file)}]}}";
        return
        [
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{string.Join(',', honest)}]}}\0{child}"),
            Encoding.UTF8.GetBytes($"{{\"nodes\":[{string.Join(',', hostile)}]}}\0{child}"),
            // The first restore leaves links where the second one wants directories and files.
            Encoding.UTF8.GetBytes(
                $"{{\"nodes\":[{hostile[3]},{hostile[5]}]}}\0{{\"nodes\":[{hostile[4].Replace("@1", "@2", StringComparison.Ordinal)},{hostile[6]}]}}\0{child}"
            ),
        ];
    }

    private static void Restore(byte[] input)
    {
        var cage = s_cage.Value;
        var repository = FixedRepository.New();
        Store(repository, BlobType.Data, s_small);
        Store(repository, BlobType.Data, s_zeros);
        var trees = StoreTrees(repository, Encoding.Latin1.GetString(input), cage.Outside);
        try
        {
            for (var i = 0; i < Math.Min(2, trees.Count); i++)
                Restore(repository, trees[i], cage, isFirst: i == 0);
        }
        finally
        {
            cage.Clear();
        }
    }

    private static void Restore(Repository repository, ObjectId tree, Cage cage, bool isFirst)
    {
        var faults = new List<RestoreFault>();
        var plan = new RestorePlan
        {
            Target = Encoding.UTF8.GetBytes(cage.Target),
            Delete = !isFirst,
            Sparse = !isFirst,
            Verify = isFirst,
            Workers = 1,
            OnFault = faults.Add,
        };
        try
        {
            Restorer.RunAsync(repository, tree, plan, default).GetAwaiter().GetResult();
        }
        finally
        {
            cage.Check();
        }
        foreach (var fault in faults)
            InvariantException.Require(
                fault.Cause is null or RepositoryException or StoreException or LocalFileException,
                $"a fault of a known kind, not {fault.Cause}"
            );
    }

    // From the last to the first: a tree can only name those whose ids are known.
    private static List<ObjectId> StoreTrees(Repository repository, string text, string outside)
    {
        var parts = text.Split('\0').Take(MaxTrees).ToList();
        var ids = new ObjectId[parts.Count];
        for (var i = parts.Count - 1; i >= 0; i--)
        {
            var tree = parts[i].Replace("@P", outside, StringComparison.Ordinal);
            for (var j = i + 1; j < parts.Count; j++)
                tree = tree.Replace($"@{j}", ids[j].ToString(), StringComparison.Ordinal);
            ids[i] = Store(repository, BlobType.Tree, Encoding.Latin1.GetBytes(tree));
        }
        return [.. ids];
    }

    private static ObjectId Store(Repository repository, BlobType type, byte[] content)
    {
        var id = ObjectId.Of(content);
        var stored = FixedRepository.Seal(FixedRepository.Key, content);
        var put = repository.Store.PutAsync(new ObjectName(ObjectKind.Pack, id), ObjectContent.Of(stored), default);
        put.GetAwaiter().GetResult();
        repository.Index.Add(id, new PackBlob(id, type, 0, (uint)stored.Length, 0));
        return id;
    }

    private static byte[][] AttributeSeeds()
    {
        byte[] acl =
        [
            2,
            0,
            0,
            0,
            1,
            0,
            6,
            0,
            255,
            255,
            255,
            255,
            4,
            0,
            4,
            0,
            255,
            255,
            255,
            255,
            32,
            0,
            4,
            0,
            255,
            255,
            255,
            255,
        ];
        return
        [
            [.. "user.a=1\n"u8, .. "system.posix_acl_access="u8, .. acl],
            [.. "system.posix_acl_default="u8, .. acl],
            [.. "security.capability="u8, 1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [.. "trusted.x=y\nuser.=\n=z"u8],
        ];
    }

    // Input: lines of name=value. They are set on a file, a directory and what cannot be opened.
    private static void Attributes(byte[] input)
    {
        var cage = s_cage.Value;
        var node = new Node { Mode = 0x1a4 };
        foreach (var line in PathLists.ReadVerbatim(input).Take(64))
        {
            var equals = Array.IndexOf(line, (byte)'=');
            node.ExtendedAttributes.Add(
                equals < 0
                    ? new ExtendedAttribute(line, default)
                    : new ExtendedAttribute(line.AsMemory(0, equals), line.AsMemory(equals + 1))
            );
        }
        try
        {
            Directory.CreateDirectory(cage.Target);
            using var target = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(cage.Target), new RestoreOptions());
            node.Type = NodeType.File;
            using (var file = target.CreateFile("file"u8))
                file.Finish(node);
            node.Type = NodeType.Fifo;
            target.CreateSpecial("fifo"u8, node);
            node.Type = NodeType.Symlink;
            node.LinkTarget = Encoding.UTF8.GetBytes(cage.Canary);
            target.CreateSpecial("link"u8, node);
            node.Type = NodeType.Directory;
            target.FinishDirectory(node);
        }
        finally
        {
            cage.Check();
            cage.Clear();
        }
    }
}
