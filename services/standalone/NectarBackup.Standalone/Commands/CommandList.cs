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
            CopyCommand.Build(),
            DiffCommand.Build(),
            DumpCommand.Build(),
            FindCommand.Build(),
            ForgetCommand.Build(),
            InitCommand.Build(),
            KeyCommand.Build(),
            ListCommand.Build(),
            LsCommand.Build(),
            PruneCommand.Build(),
            RepairCommand.Build(),
            RestoreCommand.Build(),
            SnapshotsCommand.Build(),
            StatsCommand.Build(),
            TagCommand.Build(),
            UnlockCommand.Build(),
            VersionCommand.Build(),
        ];
}
