using System.Buffers.Binary;
using System.Text;

namespace NectarBackup.Fuzz;

/// <summary>
/// Makes inputs from inputs. Half of the changes know what formats are made of (numbers, strings, brackets, length fields), the others are
/// plain damage to bytes.
/// </summary>
internal sealed class Mutator(Random random)
{
    /// <summary>Longest input that is made, in bytes.</summary>
    public const int MaxLength = 128 << 10;

    private static readonly byte[][] s_numbers =
    [
        .. new[]
        {
            "0",
            "-1",
            "1",
            "255",
            "65536",
            "2147483647",
            "2147483648",
            "4294967295",
            "4294967296",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551616",
            "1e308",
            "-0",
            "0.5",
            "1E9",
            "00",
            "999999999999999999999999999999",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private static readonly byte[][] s_words =
    [
        .. new[]
        {
            "null",
            "true",
            "\"\"",
            "[]",
            "{}",
            "[null]",
            "..",
            ".",
            "/",
            "../../canary",
            "**",
            "*",
            "[",
            "\\",
            "$",
            "NaN",
            "-Infinity",
            "Infinity",
            "\\u0000",
            "\\ud800",
            "\\ud83d\\ude00",
            "\\\\xff",
            "\\\\U0010ffff",
            "\0",
            "\n",
            "\"",
            "9999-12-31T23:59:59.999999999+23:59",
            "0001-01-01T00:00:00Z",
            "0000-01-01T00:00:00-23:59",
            "@0",
            "@1",
            "ﬀİ\u2028\ufeff",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    /// <summary>One to six changes to <paramref name="input"/>; <paramref name="other"/> lends pieces.</summary>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        var bytes = new List<byte>(input);
        for (var left = 1 + random.Next(6) * random.Next(2); left > 0; left--)
            Change(bytes, other);
        if (bytes.Count > MaxLength)
            bytes.RemoveRange(MaxLength, bytes.Count - MaxLength);
        return [.. bytes];
    }

    private void Change(List<byte> bytes, byte[] other)
    {
        switch (random.Next(14))
        {
            case 0 when bytes.Count > 0:
                bytes[At(bytes)] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when bytes.Count > 0:
                bytes[At(bytes)] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(Cut(bytes, out var length), length);
                break;
            case 3:
                var start = Cut(bytes, out length);
                Insert(bytes, random.Next(bytes.Count + 1), [.. bytes.GetRange(start, length)]);
                break;
            case 4:
                start = Cut(other, out length);
                Insert(bytes, random.Next(bytes.Count + 1), other[start..(start + length)]);
                break;
            case 5 when bytes.Count > 0:
                var end = random.Next(bytes.Count + 1);
                bytes.RemoveRange(end, bytes.Count - end);
                break;
            case 6:
                SetLengthField(bytes);
                break;
            case 7 or 8:
                ReplaceNumber(bytes);
                break;
            case 9:
                ReplaceString(bytes, s_words[random.Next(s_words.Length)]);
                break;
            case 10:
                Insert(bytes, random.Next(bytes.Count + 1), s_words[random.Next(s_words.Length)]);
                break;
            case 11:
                DuplicateValue(bytes);
                break;
            case 12:
                ReplaceString(bytes, [.. Enumerable.Repeat((byte)random.Next(32, 256), 1 << random.Next(14))]);
                break;
            default:
                if (random.Next(8) == 0)
                    Nest(bytes);
                break;
        }
    }

    private int At(List<byte> bytes) => random.Next(bytes.Count);

    // Short pieces mostly: long ones leave little of the input.
    private int Cut(IReadOnlyList<byte> bytes, out int length)
    {
        var start = random.Next(bytes.Count + 1);
        length = random.Next(Math.Min(bytes.Count - start, 1 << random.Next(12)) + 1);
        return start;
    }

    private static void Insert(List<byte> bytes, int at, byte[] piece)
    {
        if (bytes.Count + piece.Length <= 2 * MaxLength)
            bytes.InsertRange(at, piece);
    }

    private void SetLengthField(List<byte> bytes)
    {
        if (bytes.Count < 4)
            return;
        // Length fields stand at the start, at the end, or after a type byte.
        var at = random.Next(3) switch
        {
            0 => 0,
            1 => bytes.Count - 4,
            _ => random.Next(bytes.Count - 3),
        };
        Span<byte> field = stackalloc byte[4];
        for (var i = 0; i < 4; i++)
            field[i] = bytes[at + i];
        var value = BinaryPrimitives.ReadUInt32LittleEndian(field);
        value = random.Next(8) switch
        {
            0 => 0,
            1 => uint.MaxValue,
            2 => int.MaxValue,
            3 => 1u << random.Next(32),
            4 => (uint)bytes.Count,
            5 => value + 1,
            6 => value - 1,
            _ => value + 4,
        };
        BinaryPrimitives.WriteUInt32LittleEndian(field, value);
        for (var i = 0; i < 4; i++)
            bytes[at + i] = field[i];
    }

    private void ReplaceNumber(List<byte> bytes)
    {
        var from = bytes.Count == 0 ? -1 : bytes.FindIndex(At(bytes), static c => c is >= (byte)'0' and <= (byte)'9');
        if (from < 0)
            return;
        var end = from;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9')
            end++;
        bytes.RemoveRange(from, end - from);
        Insert(bytes, from, s_numbers[random.Next(s_numbers.Length)]);
    }

    private void ReplaceString(List<byte> bytes, byte[] by)
    {
        var from = bytes.Count == 0 ? -1 : bytes.IndexOf((byte)'"', At(bytes));
        var end = from < 0 ? -1 : bytes.IndexOf((byte)'"', from + 1);
        if (end < 0)
            return;
        bytes.RemoveRange(from + 1, end - from - 1);
        Insert(bytes, from + 1, by);
    }

    /// <summary>Repeats a bracketed value, with a comma between, up to a thousand times.</summary>
    private void DuplicateValue(List<byte> bytes)
    {
        var from =
            bytes.Count == 0 ? -1 : bytes.FindIndex(At(bytes), static c => c is (byte)'{' or (byte)'[' or (byte)'"');
        if (from < 0)
            return;
        var depth = 0;
        var end = from;
        if (bytes[from] == '"')
        {
            // A string, with what follows it up to the next comma: a field of an object, or an element.
            end = bytes.FindIndex(from, static c => c is (byte)',' or (byte)'}' or (byte)']');
        }
        else
        {
            do depth += bytes[end++] switch
            {
                (byte)'{' or (byte)'[' => 1,
                (byte)'}' or (byte)']' => -1,
                _ => 0,
            };
            while (depth > 0 && end < bytes.Count);
        }
        if (end <= from)
            return;
        byte[] piece = [.. bytes.GetRange(from, end - from), (byte)','];
        for (var left = 1 << random.Next(10); left > 0 && bytes.Count + piece.Length < MaxLength; left--)
            bytes.InsertRange(from, piece);
    }

    private void Nest(List<byte> bytes)
    {
        var depth = 1 << random.Next(16);
        var open = random.Next(3) switch
        {
            0 => "["u8.ToArray(),
            1 => "{\"a\":"u8.ToArray(),
            _ => "("u8.ToArray(),
        };
        var at = random.Next(bytes.Count + 1);
        Insert(bytes, at, [.. Enumerable.Repeat(open, depth).SelectMany(static o => o).Take(MaxLength)]);
        if (random.Next(2) == 0)
            bytes.AddRange(Enumerable.Repeat(open[0] == '[' ? (byte)']' : (byte)'}', Math.Min(depth, MaxLength)));
    }
}
