using BenchmarkDotNet.Running;
using NectarBackup.Benchmarks;
using NectarBackup.Benchmarks.Race;

if (args is ["quick"])
    QuickLook.Run();
else if (args is ["race", ..])
    return PeerRace.Run(args);
else
    BenchmarkSwitcher.FromAssembly(typeof(QuickLook).Assembly).Run(args);
return 0;
