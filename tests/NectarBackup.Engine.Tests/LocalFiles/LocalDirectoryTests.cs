using System.Text;
using NectarBackup.Engine.LocalFiles;
using NectarBackup.Engine.Trees;
using NectarBackup.Testing;

namespace NectarBackup.Engine.Tests.LocalFiles;

public sealed class LocalDirectoryTests
{
    [Fact]
    public void names_come_as_bytes_in_ascending_order()
    {
        using var place = new TemporaryPlace();
        ShellCommand.Run(
            place.Path,
            "touch B a $'a\\xff' $'a\\n' aaaaaaaaa aaaaaaaa $'\\xc3\\xa9' .h; touch {1..3000}"
        );
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path));
        using var names = directory.ReadNames();
        Assert.Equal(3008, names.Count);
        for (var i = 1; i < names.Count; i++)
            Assert.True(names[i - 1].SequenceCompareTo(names[i]) < 0);
        Assert.True(names.IndexOf([(byte)'a', 0xff]) >= 0);
        Assert.True(names.IndexOf("zz"u8) < 0);
    }

    [Fact]
    public void a_vanished_or_replaced_entry_is_told_apart()
    {
        using var place = new TemporaryPlace();
        ShellCommand.Run(place.Path, "echo x > f; mkdir d");
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path));
        var status = directory.GetStatus("f"u8);
        ShellCommand.Run(place.Path, "rm f; rmdir d; ln -s / f; ln -s / d");
        Assert.Equal(
            LocalFileError.Replaced,
            Assert.Throws<LocalFileException>(() => directory.OpenFile("f"u8, status)).Error
        );
        Assert.Equal(
            LocalFileError.Replaced,
            Assert.Throws<LocalFileException>(() => directory.OpenDirectory("d"u8)).Error
        );
        ShellCommand.Run(place.Path, "rm f; mkfifo f");
        Assert.Equal(
            LocalFileError.Replaced,
            Assert.Throws<LocalFileException>(() => directory.OpenFile("f"u8, status)).Error
        );
        ShellCommand.Run(place.Path, "rm f");
        Assert.Equal(
            LocalFileError.Vanished,
            Assert.Throws<LocalFileException>(() => directory.GetStatus("f"u8)).Error
        );
        Assert.False(directory.TryGetStatus("f"u8, out _));
    }

    [Fact]
    public void a_file_that_changes_while_it_is_read_is_noticed()
    {
        using var place = new TemporaryPlace();
        ShellCommand.Run(place.Path, "echo x > f");
        using var directory = LocalDirectory.OpenRoot(Encoding.UTF8.GetBytes(place.Path));
        using var file = directory.OpenFile("f"u8, directory.GetStatus("f"u8));
        Assert.False(file.HasChanged(out _));
        ShellCommand.Run(place.Path, "echo y >> f");
        Assert.True(file.HasChanged(out var now));
        Assert.Equal(4, now.Size);
    }

    [Fact]
    public void displayed_paths_show_every_odd_byte() =>
        Assert.Equal(@"a\\b\x0a\xffé\xc2\x85", BytePath.Display([.. "a\\b\n"u8, 0xff, .. "é\u0085"u8]));

    [Fact]
    public void a_process_knows_itself_and_the_dead()
    {
        Assert.False(ProcessIdentity.Current.IsSurelyDead());
        Assert.True((ProcessIdentity.Current with { StartTicks = 1 }).IsSurelyDead());
        Assert.True((ProcessIdentity.Current with { BootId = "another" }).IsSurelyDead());
        Assert.False((ProcessIdentity.Current with { HostName = "elsewhere", BootId = "another" }).IsSurelyDead());
        Assert.True(ProcessIdentity.IsAlive(Environment.ProcessId));
        Assert.False(ProcessIdentity.IsAlive(int.MaxValue));
    }
}
