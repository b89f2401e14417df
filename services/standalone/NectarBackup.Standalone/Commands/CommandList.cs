using System.CommandLine;

namespace NectarBackup.Standalone.Commands;

/// <summary>All commands of the program.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> Build(Command root) =>
        [
            BackupCommand.Build(),
            CatCommand.Build(),
            CompletionCommand.Build(root),
            ForgetCommand.Build(),
            InitCommand.Build(),
            KeyCommand.Build(),
            ListCommand.Build(),
            SnapshotsCommand.Build(),
            UnlockCommand.Build(),
            VersionCommand.Build(),
        ];
}
