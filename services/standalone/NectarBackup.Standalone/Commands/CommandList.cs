using System.CommandLine;

namespace NectarBackup.Standalone.Commands;

/// <summary>All commands of the program.</summary>
internal static class CommandList
{
    public static IEnumerable<Command> Build(Command root) =>
        [
            BackupCommand.Build(),
            CatCommand.Build(),
            CheckCommand.Build(),
            CompletionCommand.Build(root),
            FindCommand.Build(),
            ForgetCommand.Build(),
            InitCommand.Build(),
            KeyCommand.Build(),
            ListCommand.Build(),
            LsCommand.Build(),
            PruneCommand.Build(),
            RestoreCommand.Build(),
            SnapshotsCommand.Build(),
            UnlockCommand.Build(),
            VersionCommand.Build(),
        ];
}
