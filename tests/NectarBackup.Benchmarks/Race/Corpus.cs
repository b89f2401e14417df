namespace NectarBackup.Benchmarks.Race;

/// <summary>A directory of test data, made once, and the way to change one per cent of it.</summary>
internal sealed record Corpus(string Name, string Directory, Action<int> ChangeOnePercent)
{
    /// <param name="root">Where the data lies; kept for the next run.</param>
    /// <param name="name">mixed, many, random or image.</param>
    /// <param name="scale">1 for the full size; smaller for a quick look.</param>
    public static Corpus Make(string root, string name, double scale)
    {
        var directory = Path.Combine(root, $"{name}-{scale}");
        var isNew = !System.IO.Directory.Exists(directory);
        System.IO.Directory.CreateDirectory(directory);
        switch (name)
        {
            case "mixed":
                if (isNew)
                    CopyTree("/usr", directory, (long)(3.6e9 * scale), (int)(98_500 * scale));
                return new Corpus(name, directory, round => ChangeFiles(directory, round));
            case "many":
                if (isNew)
                    MakeMany(directory, (int)(200_000 * scale));
                return new Corpus(name, directory, round => ChangeFiles(directory, round));
            case "random":
                for (var i = 0; isNew && i < 4; i++)
                    FillRandom(Path.Combine(directory, $"random-{i}"), (long)((512 << 20) * scale), i);
                return new Corpus(
                    name,
                    directory,
                    round => ChangeRuns(Path.Combine(directory, "random-0"), 0.04, round)
                );
            case "image":
                var image = Path.Combine(directory, "disk.img");
                if (isNew)
                    MakeImage(root, image, scale);
                return new Corpus(name, directory, round => ChangeRuns(image, 0.01, round));
            default:
                throw new ArgumentException($"unknown corpus '{name}': mixed, many, random or image");
        }
    }

    private static void CopyTree(string from, string to, long bytes, int files)
    {
        var pending = new Stack<(string From, string To)>([(from, to)]);
        while (pending.TryPop(out var at))
        {
            System.IO.Directory.CreateDirectory(at.To);
            foreach (
                var entry in new DirectoryInfo(at.From)
                    .EnumerateFileSystemInfos()
                    .OrderBy(e => e.Name, StringComparer.Ordinal)
            )
            {
                var target = Path.Combine(at.To, entry.Name);
                if (entry.LinkTarget is { } link)
                    File.CreateSymbolicLink(target, link);
                else if (entry is DirectoryInfo)
                    pending.Push((entry.FullName, target));
                else if (entry is FileInfo file && (bytes -= file.Length) > 0 && files-- > 0)
                    file.CopyTo(target);
            }
        }
    }

    private static void MakeMany(string directory, int count)
    {
        var random = new Random(1);
        var words = Enumerable.Range(0, 4000).Select(_ => Word(random)).ToArray();
        for (var i = 0; i < count; i++)
        {
            var folder = Path.Combine(directory, $"d{i / 5000:d2}", $"s{i / 200 % 25:d2}");
            if (i % 200 == 0)
                System.IO.Directory.CreateDirectory(folder);
            using var text = new StreamWriter(Path.Combine(folder, $"note-{i:d6}.txt"));
            for (var left = random.Next(200, 1560); left > 0; )
            {
                // Few words are frequent, most are rare.
                var word = words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))];
                text.Write(word);
                text.Write(random.Next(12) == 0 ? '\n' : ' ');
                left -= word.Length + 1;
            }
        }
    }

    private static string Word(Random random) =>
        string.Concat(Enumerable.Range(0, random.Next(2, 11)).Select(_ => (char)('a' + random.Next(26))));

    private static void FillRandom(string path, long length, int seed)
    {
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        using var file = File.Create(path);
        for (long at = 0; at < length; at += buffer.Length)
        {
            random.NextBytes(buffer);
            file.Write(buffer);
        }
    }

    /// <summary>A 4 GiB ext4 file system with about 2.6 GiB of files; the rest is holes.</summary>
    private static void MakeImage(string root, string image, double scale)
    {
        var content = Path.Combine(root, $"image-content-{scale}");
        CopyTree("/usr", content, (long)(2.6 * (1L << 30) * scale), 1_000_000);
        using (var file = File.Create(image))
            file.SetLength((long)(4.0 * (1L << 30) * scale));
        ChildProcess.Run("mke2fs", ["-q", "-t", "ext4", "-F", "-d", content, image]);
        System.IO.Directory.Delete(content, recursive: true);
    }

    /// <summary>Rewrites every hundredth file with the same length plus one.</summary>
    private static void ChangeFiles(string directory, int round)
    {
        // Links are not followed: some of /usr lead round in circles.
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        var number = 0;
        foreach (var path in System.IO.Directory.EnumerateFiles(directory, "*", options).Order(StringComparer.Ordinal))
        {
            if (number++ % 100 == round % 100)
                File.AppendAllText(path, "x");
        }
    }

    /// <summary>Overwrites a share of a file in runs of 1 MiB that are spread over it.</summary>
    private static void ChangeRuns(string path, double share, int round)
    {
        var random = new Random(round);
        var run = new byte[1 << 20];
        using var file = File.OpenWrite(path);
        var runs = Math.Max(1, (int)(file.Length * share / run.Length));
        for (var i = 0; i < runs; i++)
        {
            random.NextBytes(run);
            file.Position = (long)(random.NextDouble() * (file.Length - run.Length)) & ~4095L;
            file.Write(run);
        }
    }
}
