using System.Globalization;
using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.LocalFiles;

public sealed class RoundTripTests
{
    [Fact]
    public void a_tree_of_oddities_copied_entry_by_entry_is_the_same_to_outside_tools()
    {
        using var place = new TemporaryPlace();
        var source = place.Make("source");
        var target = place.Make("target");
        OddityTree.Create(source);
        var problems = new List<LocalFileException>();
        var options = new RestoreOptions { CreateDevices = true, OnMetadataProblem = problems.Add };
        using (var from = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(source)))
        using (var to = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(target), options))
            new TreeCopy().Copy(from, to);
        Assert.Empty(problems.Select(problem => problem.Message));
        var expected = TreeFingerprint.Of(source);
        Assert.Contains("user.raw=0x00ff0a00", expected, StringComparison.Ordinal);
        Assert.Equal(expected, TreeFingerprint.Of(target));
        Assert.Equal("0\n", ShellCommand.Run(target, "stat -c %b holes/all"));
        Assert.True(
            int.Parse(ShellCommand.Run(target, "stat -c %b holes/middle"), CultureInfo.InvariantCulture) < 1024
        );
        if (Environment.IsPrivilegedProcess)
            Assert.Contains("device", expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chmod 711 d")]
    [InlineData("touch -d @5.000000002 d")]
    [InlineData("setfattr -n user.a -v 2 d")]
    [InlineData("setfattr -x user.a d")]
    [InlineData("echo y > d/f; touch -d @5.000000001 d/f d")]
    [InlineData("rm d/h; cp -p d/f d/h; touch -d @5.000000001 d")]
    [InlineData("ln -sfn b l")]
    [InlineData("mv d e")]
    public void the_fingerprint_tells_trees_apart(string change)
    {
        using var place = new TemporaryPlace();
        ShellCommand.Run(
            place.Path,
            "mkdir d; echo x > d/f; ln d/f d/h; ln -s a l; setfattr -n user.a -v 1 d; touch -d @5.000000001 d/f d; touch -h -d @5 l"
        );
        var before = TreeFingerprint.Of(place.Path);
        Assert.Equal(before, TreeFingerprint.Of(place.Path));
        ShellCommand.Run(place.Path, change);
        Assert.NotEqual(before, TreeFingerprint.Of(place.Path));
    }

    /// <summary>What a backup and a restore do with each entry, without a repository between them.</summary>
    private sealed class TreeCopy
    {
        private readonly NodeMetadataReader _reader = new(new AccountNames());
        private readonly Dictionary<ulong, (RestoreDirectory Directory, byte[] Name)> _linked = [];

        public void Copy(LocalDirectory from, RestoreDirectory to)
        {
            using var names = from.ReadNames();
            for (var i = 0; i < names.Count; i++)
            {
                var name = names[i].ToArray();
                var status = from.GetStatus(name);
                var node = new Node();
                if (status.Type == NodeType.Directory)
                {
                    using var child = from.OpenDirectory(name);
                    using var made = to.EnterDirectory(name);
                    Copy(child, made);
                    Assert.Null(_reader.Fill(node, name, child, status));
                    made.FinishDirectory(node);
                }
                else if (
                    status.Type == NodeType.File
                    && status.Links > 1
                    && _linked.TryGetValue(status.Inode, out var first)
                )
                    to.CreateHardLink(name, first.Directory, first.Name);
                else if (status.Type == NodeType.File)
                    CopyFile(from, to, name, status, node);
                else
                {
                    Assert.Null(_reader.Fill(node, from, name, status));
                    to.CreateSpecial(name, node);
                }
            }
        }

        private void CopyFile(LocalDirectory from, RestoreDirectory to, byte[] name, FileStatus status, Node node)
        {
            using var made = to.CreateFile(name);
            if (!Environment.IsPrivilegedProcess && (status.Mode & 0x100) == 0)
            {
                // Only root may read it: that is what a backup by anyone else reports.
                var error = Assert.Throws<LocalFileException>(() => from.OpenFile(name, status));
                Assert.Equal(LocalFileError.Denied, error.Error);
                made.SetLength(status.Size);
                _reader.Fill(node, from, name, status);
            }
            else
            {
                using var file = from.OpenFile(name, status);
                made.SetLength(status.Size);
                var buffer = new byte[1 << 20];
                for (long at = 0; file.NextExtent(at, out var start, out var end); at = end)
                for (var offset = start; offset < end; )
                {
                    var count = file.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - offset)), offset);
                    made.Write(buffer.AsSpan(0, count), offset);
                    offset += count;
                }
                Assert.False(file.HasChanged(out _));
                Assert.Null(_reader.Fill(node, from, name, file));
            }
            made.Finish(node);
            if (status.Links > 1)
                _linked[status.Inode] = (to, name);
        }
    }
}
