using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.Tests.Trees;

/// <summary>Whatever a file system can say about an entry comes back from its text.</summary>
public sealed class NodeRoundTripTests
{
    private const long YearZero = -62_167_219_200;
    private const long YearTenThousand = 253_402_300_800;

    private static readonly Gen<byte[]> s_bytes = Gen.Choose(0, 255).Select(b => (byte)b).ArrayOf();

    private static readonly Gen<NodeTime> s_times =
        from seconds in Between(YearZero, YearTenThousand - 1)
        from nanoseconds in Gen.OneOf(
            Gen.Constant(0),
            Gen.Choose(0, 999_999_999),
            Gen.Choose(0, 999).Select(n => n * 1_000_000)
        )
        select new NodeTime(seconds, nanoseconds);

    private static readonly Gen<ulong> s_numbers = Gen.OneOf(
        Gen.Elements<ulong>(0, 1, 9, 10, uint.MaxValue, long.MaxValue, ulong.MaxValue - 1, ulong.MaxValue),
        Between(0, long.MaxValue).Select(n => (ulong)n),
        Gen.Choose(0, 100_000).Select(n => (ulong)n)
    );

    private static readonly Gen<string> s_texts = ArbMap
        .Default.GeneratorFor<string>()
        .Select(text => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text ?? "")));

    private static readonly Gen<Node> s_nodes =
        from type in Gen.Elements<NodeType>(Enum.GetValues<NodeType>()[1..])
        from name in s_bytes
        from link in s_bytes
        from mode in Gen.Choose(0, 0xfff)
        from times in s_times.ArrayOf(3)
        from numbers in s_numbers.ArrayOf(5)
        from owners in Between(0, uint.MaxValue).ArrayOf(2)
        from texts in s_texts.ArrayOf(3)
        from attributes in Gen.Zip(s_texts, s_bytes).ListOf()
        from ids in s_bytes.Select(bytes => ObjectId.Of(bytes)).ArrayOf()
        select Make(type, name, link, (uint)mode, times, numbers, owners, texts, attributes, ids);

    [Fact]
    public void A_node_comes_back_from_its_text() =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(500),
            Prop.ForAll(s_nodes.ToArbitrary(), node => Assert.Equal(Describe(node), Describe(Again(node))))
        );

    [Fact]
    public void Any_bytes_come_back_from_a_name() =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(
                s_bytes.ToArbitrary(),
                raw =>
                {
                    var quoted = new byte[raw.Length * GoQuote.MaxExpansion];
                    var length = GoQuote.Quote(raw, quoted);
                    Assert.Equal(raw, Unquote(quoted[..length]));
                    Assert.True(System.Text.Unicode.Utf8.IsValid(quoted.AsSpan(0, length)));
                }
            )
        );

    [Fact]
    public void Any_text_comes_back_from_json_as_another_reader_sees_it() =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(
                s_texts.ToArbitrary(),
                text =>
                {
                    var to = new byte[text.Length * GoJson.MaxExpansion];
                    var json = $"\"{System.Text.Encoding.UTF8.GetString(to, 0, GoJson.Escape(text, to))}\"";
                    Assert.Equal(text, System.Text.Json.JsonSerializer.Deserialize<string>(json));
                }
            )
        );

    [Fact]
    public void Any_time_comes_back_from_its_text() =>
        FsCheck.Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(2000),
            Prop.ForAll(
                s_times.Zip(Gen.Choose(-14 * 60, 14 * 60)).ToArbitrary(),
                pair =>
                {
                    var (time, offset) = pair;
                    // Shifted out of the years 0 to 9999, a time is clamped.
                    if (time.Seconds + offset * 60L is < YearZero or >= YearTenThousand)
                        return;
                    var to = new byte[Rfc3339.MaxLength];
                    var text = to.AsSpan(0, Rfc3339.Format(time.Seconds, time.Nanoseconds, to, offset));
                    Assert.True(Rfc3339.TryParse(text, out var seconds, out var nanoseconds, out var offsetAgain));
                    Assert.Equal((time.Seconds, time.Nanoseconds, offset), (seconds, nanoseconds, offsetAgain));
                }
            )
        );

    private static Gen<long> Between(long min, long max) =>
        from high in Gen.Choose(0, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        select min + (long)(((ulong)high << 31 | (uint)low) % ((ulong)(max - min) + 1));

    private static Node Make(
        NodeType type,
        byte[] name,
        byte[] link,
        uint mode,
        NodeTime[] times,
        ulong[] numbers,
        long[] owners,
        string[] texts,
        IEnumerable<(string Name, byte[] Value)> attributes,
        ObjectId[] ids
    )
    {
        var isDevice = type is NodeType.BlockDevice or NodeType.CharDevice;
        var node = new Node
        {
            Name = name,
            Type = type,
            Mode = mode,
            ModifyTime = times[0],
            AccessTime = times[1],
            ChangeTime = times[2],
            UserId = (uint)owners[0],
            GroupId = (uint)owners[1],
            User = texts[0],
            Group = texts[1],
            Inode = numbers[0],
            DeviceId = numbers[1],
            Size = type == NodeType.File ? numbers[2] : 0,
            Links = isDevice || type is NodeType.File or NodeType.Symlink ? numbers[3] : 0,
            LinkTarget = type == NodeType.Symlink ? link : default(ReadOnlyMemory<byte>),
            Device = isDevice ? numbers[4] : 0,
            Subtree = type == NodeType.Directory ? ObjectId.Of(name) : null,
            Error = texts[2].Length == 0 ? null : texts[2],
        };
        foreach (var (key, value) in attributes)
            node.ExtendedAttributes.Add(new ExtendedAttribute(System.Text.Encoding.UTF8.GetBytes(key), value));
        if (type == NodeType.File)
            node.Content.Write(ids);
        return node;
    }

    private static Node Again(Node node)
    {
        var to = new ArrayBufferWriter<byte>();
        to.Write("{\"nodes\":["u8);
        NodeEncoder.WriteHead(to, node);
        NodeEncoder.WriteTail(to, node, node.Content.WrittenSpan);
        to.Write("]}\n"u8);
        var reader = new TreeReader(to.WrittenMemory, "tree");
        var again = new Node();
        Assert.True(reader.Read(again));
        Assert.False(reader.Read(new Node()));
        return again;
    }

    private static string Describe(Node node) =>
        string.Join(
            '|',
            [
                Convert.ToHexString(node.Name.Span),
                node.Type,
                node.Mode,
                node.ModifyTime,
                node.AccessTime,
                node.ChangeTime,
                node.UserId,
                node.GroupId,
                node.User,
                node.Group,
                node.Inode,
                node.DeviceId,
                node.Size,
                node.Links,
                Convert.ToHexString(node.LinkTarget.Span),
                node.Device,
                node.Subtree,
                node.Error,
                .. node.ExtendedAttributes.Select(a =>
                    Convert.ToHexString(a.Name.Span) + "=" + Convert.ToHexString(a.Value.Span)
                ),
                .. node.Content.WrittenSpan.ToArray(),
            ]
        );

    private static byte[] Unquote(byte[] quoted)
    {
        var to = new byte[quoted.Length];
        Assert.True(GoQuote.TryUnquote(quoted, to, out var length));
        return to[..length];
    }
}
