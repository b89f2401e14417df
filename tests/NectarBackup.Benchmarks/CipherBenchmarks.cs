using BenchmarkDotNet.Attributes;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Benchmarks;

/// <summary>What sealing costs, whole and in its parts. Bytes per second = Length / mean.</summary>
public class CipherBenchmarks
{
    private readonly MasterKey _key = MasterKey.Generate();
    private BlobCipher _cipher = null!;
    private AesCounter _counter = null!;
    private Poly1305 _mac = null!;
    private byte[] _sealed = [];
    private byte[] _plain = [];

    [Params(1024, 4096, 1 << 20)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _cipher = new BlobCipher(_key);
        _counter = new AesCounter(_key.Encrypt);
        _mac = new Poly1305(_key.MacR);
        _plain = new byte[Length];
        _sealed = new byte[Length + BlobCipher.Overhead];
        _cipher.Seal(_plain, _sealed);
    }

    [Benchmark]
    public void SealInPlace() => _cipher.Seal(_sealed.AsSpan(16, Length), _sealed);

    [Benchmark]
    public void SealApart() => _cipher.Seal(_plain, _sealed);

    [Benchmark]
    public bool OpenApart() => _cipher.TryOpen(_sealed, _plain);

    [Benchmark]
    public void AesCounterMode() => _counter.Transform(1, 2, 0, _plain, _plain);

    [Benchmark]
    public void AesCounterModePortable() => _counter.TransformPortable(1, 2, _plain, _plain);

    [Benchmark]
    public void Poly1305Best()
    {
        var sum = default(Poly1305Sum);
        _mac.Add(ref sum, _plain);
    }

    [Benchmark]
    public void Poly1305Portable()
    {
        var sum = default(Poly1305Sum);
        _mac.AddPortable(ref sum, _plain);
    }
}
