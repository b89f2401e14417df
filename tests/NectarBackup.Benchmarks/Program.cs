using BenchmarkDotNet.Running;
using NectarBackup.Benchmarks;

if (args is ["quick"])
    QuickLook.Run();
else
    BenchmarkSwitcher.FromAssembly(typeof(QuickLook).Assembly).Run(args);
