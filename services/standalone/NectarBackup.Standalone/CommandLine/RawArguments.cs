using System.Text;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>
/// The bytes of paths given as arguments. The runtime decodes arguments as UTF-8 and replaces what is none; Linux names may hold any bytes, and the kernel
/// still has them in <c>/proc/self/cmdline</c>.
/// </summary>
internal static class RawArguments
{
    private const char Replacement = '\uFFFD';

    private static readonly Dictionary<string, Queue<byte[]>> s_replaced = [];

    /// <summary>Looks up the bytes of all arguments of <c>Main</c> that were not UTF-8.</summary>
    public static void Remember(string[] args)
    {
        if (!args.Any(arg => arg.Contains(Replacement)))
            return;
        var words = Split(File.ReadAllBytes("/proc/self/cmdline"));
        for (var i = 0; i < args.Length && words.Count >= args.Length; i++)
        {
            if (!args[i].Contains(Replacement))
                continue;
            if (!s_replaced.TryGetValue(args[i], out var queue))
                s_replaced.Add(args[i], queue = []);
            queue.Enqueue(words[words.Count - args.Length + i]);
        }
    }

    /// <summary>The bytes of an argument; of two that look the same, the first call gets the first.</summary>
    public static byte[] BytesOf(string arg) =>
        s_replaced.TryGetValue(arg, out var queue) && queue.TryDequeue(out var bytes)
            ? bytes
            : Encoding.UTF8.GetBytes(arg);

    private static List<byte[]> Split(ReadOnlySpan<byte> text)
    {
        var words = new List<byte[]>();
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)0);
            words.Add(text[..(end < 0 ? text.Length : end)].ToArray());
            text = end < 0 ? [] : text[(end + 1)..];
        }
        return words;
    }
}
