using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using NectarBackup.Engine;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Benchmarks;

/// <summary>SHA-256 over one slab of 12 MiB, of chunks or of small files.</summary>
public unsafe class HashBenchmarks
{
    public const int SlabSize = 12 << 20;

    private byte* _slab;
    private ObjectId* _results;
    private HashRequest[] _requests = [];

    [Params("chunks", "files", "equal")]
    public string Slab { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _slab = (byte*)NativeMemory.Alloc(SlabSize);
        Random.Shared.NextBytes(new Span<byte>(_slab, SlabSize));
        _results = (ObjectId*)NativeMemory.Alloc(SlabSize / 100, (nuint)sizeof(ObjectId));
        _requests = Slab switch
        {
            "chunks" => Cut(1, 512 << 10, 512 << 10),
            "files" => Cut(2, 200, 4000),
            _ => Cut(3, 3 << 16, 0),
        };
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        NativeMemory.Free(_slab);
        NativeMemory.Free(_results);
    }

    /// <summary>Lengths as content-defined chunks have them: a minimum and an exponential part.</summary>
    private HashRequest[] Cut(int seed, int minimum, int mean)
    {
        var random = new Random(seed);
        var requests = new List<HashRequest>();
        var offset = 0;
        while (offset < SlabSize)
        {
            var length = Math.Min(SlabSize - offset, minimum + (int)(-Math.Log(1 - random.NextDouble()) * mean));
            requests.Add(new HashRequest(_slab + offset, length, _results + requests.Count));
            offset += length;
        }
        return [.. requests];
    }

    [Benchmark(Baseline = true)]
    public void OneByOne()
    {
        foreach (var request in _requests)
            *request.Result = ObjectId.Of(new ReadOnlySpan<byte>(request.Data, request.Length));
    }

    [Benchmark]
    public void Lanes() => Sha256Lanes.HashMany(_requests);

    /// <summary>All messages through eight lanes, whatever the plan would be: for the constants of the plan.</summary>
    [Benchmark]
    public void EightLanes() => Abreast(Sha256Kernel8.Lanes);

    [Benchmark]
    public void SixteenLanes() => Abreast(Sha256Kernel.Lanes);

    private void Abreast(int lanes)
    {
        if (!Sha256Kernel.IsSupported || !Sha256Kernel8.IsSupported)
            return;
        Sha256Lanes.HashAbreast(_requests, [.. Enumerable.Range(0, _requests.Length).Select(i => (ulong)i)], lanes);
    }
}
