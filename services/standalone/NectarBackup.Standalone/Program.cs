using NectarBackup.Standalone.CommandLine;

return await NectarCommand.RunAsync(args);
