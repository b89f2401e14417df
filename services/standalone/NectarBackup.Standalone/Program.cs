using NectarBackup.Standalone.CommandLine;

NativeHeap.ReturnLargeBlocks();
return await NectarCommand.RunAsync(args);
