using System.Buffers;
using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using NectarBackup.Engine;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Benchmarks;

/// <summary>A directory of ordinary files with a chunk each, to and from its text.</summary>
[MemoryDiagnoser]
public class TreeBenchmarks
{
    public const int Nodes = 1000;

    private readonly Node[] _nodes = new Node[Nodes];
    private readonly ObjectId[][] _content = new ObjectId[Nodes][];
    private readonly ArrayBufferWriter<byte> _to = new(1 << 20);
    private readonly Node _node = new();
    private byte[] _json = [];
    private readonly byte[] _hex = new byte[ObjectId.HexLength];

    [GlobalSetup]
    public void Setup()
    {
        var random = new Random(5);
        for (var i = 0; i < Nodes; i++)
        {
            var name = Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $"holiday-picture-{i:D6}.jpeg")
            );
            var time = new NodeTime(1_700_000_000 + random.Next(100_000_000), random.Next(1_000_000_000));
            _content[i] = [ObjectId.Of(name)];
            _nodes[i] = new Node
            {
                Name = name,
                Type = NodeType.File,
                Mode = 0b110_100_100,
                ModifyTime = time,
                AccessTime = time,
                ChangeTime = time,
                UserId = 1000,
                GroupId = 1000,
                User = "beekeeper",
                Group = "apiary",
                Inode = (ulong)(12_345_678 + i),
                DeviceId = 64_513,
                Size = (ulong)random.Next(10_000_000),
                Links = 1,
            };
        }
        Encode();
        _json = _to.WrittenSpan.ToArray();
    }

    [Benchmark(OperationsPerInvoke = Nodes)]
    public void Encode()
    {
        _to.ResetWrittenCount();
        _to.Write("{\"nodes\":["u8);
        for (var i = 0; i < Nodes; i++)
        {
            if (i > 0)
                _to.Write(","u8);
            NodeEncoder.WriteHead(_to, _nodes[i]);
            NodeEncoder.WriteTail(_to, _nodes[i], _content[i]);
        }
        _to.Write("]}\n"u8);
    }

    [Benchmark(OperationsPerInvoke = Nodes)]
    public void Read()
    {
        var reader = new TreeReader(_json, "tree");
        while (reader.Read(_node)) { }
    }

    [Benchmark(OperationsPerInvoke = Nodes)]
    public void WriteHex()
    {
        foreach (var content in _content)
            content[0].WriteHex(_hex);
    }

    [Benchmark(OperationsPerInvoke = Nodes)]
    public bool ParseHex()
    {
        var all = true;
        for (var i = 0; i < Nodes; i++)
            all &= ObjectId.TryParse(_hex, out _);
        return all;
    }
}
