namespace NectarBackup.Interop.Tests.Programs;

/// <summary>Ordinary files: texts, noise of several chunks, copies, zeros, empty ones, directories and links.</summary>
internal static class PlainTree
{
    /// <summary>Makes it in a new directory.</summary>
    /// <param name="directory">Must not exist.</param>
    /// <param name="seed">Other seeds make other contents.</param>
    /// <param name="noise">Bytes of the largest file, which does not compress.</param>
    public static void Create(string directory, int seed = 1, int noise = 6_000_000)
    {
        Directory.CreateDirectory(Path.Combine(directory, "texts/deep/er"));
        Directory.CreateDirectory(Path.Combine(directory, "empty"));
        var random = new Random(seed);
        for (var i = 0; i < 40; i++)
            File.WriteAllText(
                Path.Combine(directory, i % 3 == 0 ? "texts/deep" : "texts", $"t{i:d2}.txt"),
                string.Concat(Enumerable.Repeat($"line {random.Next()}\n", random.Next(2000)))
            );
        WriteNoise(Path.Combine(directory, "noise"), seed, noise);
        File.Copy(Path.Combine(directory, "noise"), Path.Combine(directory, "texts/deep/er/copy"));
        File.WriteAllBytes(Path.Combine(directory, "zeros"), new byte[3_000_000]);
        File.WriteAllBytes(Path.Combine(directory, "nothing"), []);
        File.CreateSymbolicLink(Path.Combine(directory, "link"), "texts/t01.txt");
    }

    /// <summary>Adds, changes and deletes some.</summary>
    public static void Change(string directory, int seed)
    {
        WriteNoise(Path.Combine(directory, $"added-{seed}"), seed, 700_000);
        File.AppendAllText(Path.Combine(directory, "texts/t01.txt"), $"more {seed}\n");
        File.Delete(Path.Combine(directory, "texts/deep/er/copy"));
        using var file = File.OpenWrite(Path.Combine(directory, "noise"));
        file.Position = file.Length / 2;
        file.Write("a change in the midst"u8);
    }

    public static void WriteNoise(string path, int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
    }
}
