using BenchmarkDotNet.Attributes;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Benchmarks;

/// <summary>What opening a repository costs before anything else: N = 32768, r = 8.</summary>
public class ScryptBenchmarks
{
    private readonly byte[] _key = new byte[MasterKey.Size];

    [Params(8, 10)]
    public int P { get; set; }

    [Benchmark]
    public void TwoAbreast() => Scrypt.DeriveKey("password"u8, "salt"u8, 1 << 15, 8, P, _key);

    [Benchmark]
    public void Portable() => Scrypt.DeriveKey("password"u8, "salt"u8, 1 << 15, 8, P, _key, pairs: false);
}
