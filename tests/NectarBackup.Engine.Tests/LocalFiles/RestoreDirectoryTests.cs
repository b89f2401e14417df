using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.LocalFiles;

public sealed class RestoreDirectoryTests
{
    [Fact]
    public void names_that_lead_elsewhere_are_refused()
    {
        using var place = new TemporaryPlace();
        using var root = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path), new RestoreOptions());
        byte[][] bad =
        [
            [],
            "."u8.ToArray(),
            ".."u8.ToArray(),
            "a/b"u8.ToArray(),
            "/"u8.ToArray(),
            [65, 0],
            new byte[256],
        ];
        foreach (var name in bad)
        {
            Assert.Equal(LocalFileError.BadName, Assert.Throws<LocalFileException>(() => root.CreateFile(name)).Error);
            Assert.Equal(
                LocalFileError.BadName,
                Assert.Throws<LocalFileException>(() => root.EnterDirectory(name)).Error
            );
            Assert.Equal(LocalFileError.BadName, Assert.Throws<LocalFileException>(() => root.Remove(name)).Error);
        }
    }

    [Fact]
    public void a_planted_link_is_refused_as_a_directory_and_replaced_as_a_file()
    {
        using var place = new TemporaryPlace();
        var outside = place.Make("outside");
        var target = place.Make("target");
        File.WriteAllText(Path.Combine(outside, "victim"), "untouched");
        File.CreateSymbolicLink(Path.Combine(target, "d"), outside);
        File.CreateSymbolicLink(Path.Combine(target, "f"), Path.Combine(outside, "victim"));
        using var root = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(target), new RestoreOptions());
        Assert.Equal(
            LocalFileError.LinkInTheWay,
            Assert.Throws<LocalFileException>(() => root.EnterDirectory("d"u8)).Error
        );
        Assert.Null(root.TryOpenFile("f"u8));
        using (var file = root.CreateFile("f"u8))
            file.Write("new"u8, 0);
        root.Remove("d"u8);
        Assert.Equal("untouched", File.ReadAllText(Path.Combine(outside, "victim")));
        Assert.Equal("new", File.ReadAllText(Path.Combine(target, "f")));
        Assert.Null(new FileInfo(Path.Combine(target, "f")).LinkTarget);
    }

    [Fact]
    public void a_file_with_other_links_is_never_written_in_place()
    {
        using var place = new TemporaryPlace();
        ShellCommand.Run(place.Path, "echo -n old > a; ln a b");
        using var root = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path), new RestoreOptions());
        Assert.Null(root.TryOpenFile("b"u8));
        using (var file = root.CreateFile("b"u8))
            file.Write("new"u8, 0);
        Assert.Equal("old", File.ReadAllText(Path.Combine(place.Path, "a")));
        using var alone = root.TryOpenFile("a"u8);
        Assert.NotNull(alone);
    }

    [Fact]
    public void devices_are_refused_without_leave()
    {
        using var place = new TemporaryPlace();
        using var root = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path), new RestoreOptions());
        var node = new Node { Type = NodeType.CharDevice, Device = 0x103 };
        Assert.Equal(
            LocalFileError.NotSupported,
            Assert.Throws<LocalFileException>(() => root.CreateSpecial("null"u8, node)).Error
        );
        Assert.Empty(Directory.GetFileSystemEntries(place.Path));
    }

    [Fact]
    public void nothing_outside_is_touched_while_a_racer_swaps_directory_and_link()
    {
        using var place = new TemporaryPlace();
        var outside = place.Make("outside");
        var target = place.Make("target");
        File.WriteAllText(Path.Combine(outside, "f"), "victim");
        var before = TreeFingerprint.Of(outside);
        ShellCommand.Run(place.Path, "mkdir target/d; ln -s ../outside target/l");
        using var stop = new CancellationTokenSource();
        var swaps = 0;
        var racer = new Thread(() =>
        {
            string At(string name) => Path.Combine(target, name);
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    Directory.Move(At("d"), At("real"));
                    Directory.CreateSymbolicLink(At("d"), "../outside");
                    File.Delete(At("d"));
                    Directory.Move(At("real"), At("d"));
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    ShellCommand.Run(target, "rm -rf d real || true; mkdir -p d || true");
                }
                swaps++;
            }
        });
        racer.Start();
        var options = new RestoreOptions { ReplaceOtherTypes = true };
        using var root = RestoreDirectory.OpenRoot(Encoding.UTF8.GetBytes(target), options);
        var node = new Node { Type = NodeType.File, Mode = 0x1ff };
        var deadline = Environment.TickCount64 + 1500;
        var entered = 0;
        while (Environment.TickCount64 < deadline)
        {
            try
            {
                using var directory = root.EnterDirectory("d"u8);
                using (var file = directory.CreateFile("f"u8))
                {
                    file.Write("attack"u8, 0);
                    file.Finish(node);
                }
                directory.Remove("f"u8);
                entered++;
            }
            catch (LocalFileException) { }
        }
        stop.Cancel();
        racer.Join();
        Assert.True(swaps > 10 && entered > 10, $"{swaps} swaps, {entered} entries");
        Assert.Equal(before, TreeFingerprint.Of(outside));
    }
}
