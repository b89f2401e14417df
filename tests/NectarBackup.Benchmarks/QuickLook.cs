using System.Diagnostics;

namespace NectarBackup.Benchmarks;

/// <summary>All primitives in a few seconds, the best of some rounds: for a busy machine or a first look.</summary>
internal static class QuickLook
{
    public static void Run()
    {
        var trees = new TreeBenchmarks();
        trees.Setup();
        Count("nodes written", TreeBenchmarks.Nodes, trees.Encode);
        Count("nodes read", TreeBenchmarks.Nodes, trees.Read);
        Count("ids written", TreeBenchmarks.Nodes, trees.WriteHex);
        Count("ids read", TreeBenchmarks.Nodes, () => trees.ParseHex());
        foreach (var length in (int[])[1024, 4096, 1 << 20])
        {
            var cipher = new CipherBenchmarks { Length = length };
            cipher.Setup();
            Rate($"seal in place {length}", length, cipher.SealInPlace);
            Rate($"seal apart {length}", length, cipher.SealApart);
            // The plaintext is rewritten above, so open what was sealed last.
            Rate($"open {length}", length, () => cipher.OpenApart());
            Rate($"AES counter mode {length}", length, cipher.AesCounterMode);
            Rate($"AES counter mode, portable {length}", length, cipher.AesCounterModePortable);
            Rate($"Poly1305 {length}", length, cipher.Poly1305Best);
            Rate($"Poly1305 portable {length}", length, cipher.Poly1305Portable);
        }
        foreach (var slab in (string[])["chunks", "files", "equal"])
        {
            var hash = new HashBenchmarks { Slab = slab };
            hash.Setup();
            Rate($"SHA-256 one by one, {slab}", HashBenchmarks.SlabSize, hash.OneByOne);
            Rate($"SHA-256 in lanes, {slab}", HashBenchmarks.SlabSize, hash.Lanes);
            Rate($"SHA-256 in eight lanes, {slab}", HashBenchmarks.SlabSize, hash.EightLanes);
            Rate($"SHA-256 in sixteen lanes, {slab}", HashBenchmarks.SlabSize, hash.SixteenLanes);
            hash.Cleanup();
        }
        var scrypt = new ScryptBenchmarks { P = 10 };
        Once("scrypt p=10", scrypt.TwoAbreast);
        Once("scrypt p=10, portable", scrypt.Portable);
    }

    private static void Rate(string what, int bytes, Action action) =>
        Console.WriteLine($"{what, -40} {bytes / Best(Math.Max(1, (4 << 20) / bytes), action) / 1e9:F2} GB/s");

    private static void Count(string what, int items, Action action)
    {
        var seconds = Enumerable.Range(0, 20).Min(_ => Best(2, action));
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)items;
        Console.WriteLine($"{what, -40} {items / seconds / 1e6:F2} M/s, {bytes:F2} bytes allocated each");
    }

    /// <returns>Seconds of one action in the best round.</returns>
    private static double Best(int times, Action action)
    {
        var best = double.MaxValue;
        for (var round = 0; round < 12; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < times; i++)
                action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / times);
        }
        return best;
    }

    private static void Once(string what, Action action)
    {
        var best = double.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        Console.WriteLine($"{what, -40} {best:F3} s");
    }
}
