using System.Diagnostics;

namespace NectarBackup.Fuzz;

/// <summary>An input that broke a rule.</summary>
/// <param name="Input">The bytes.</param>
/// <param name="Why">The rule, and the exception if there was one.</param>
internal sealed record Finding(byte[] Input, string Why);

/// <summary>
/// Runs one target over inputs that a <see cref="Mutator"/> makes. Inputs that the target accepted join the corpus, so that later ones differ from
/// a valid sample in more than one place. The same seed makes the same inputs.
/// </summary>
internal sealed class Fuzzer
{
    /// <summary>What one input may take; the machine may be busy.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    /// <summary>Accepted inputs that are kept beside the samples.</summary>
    private const int MaxKept = 256;

    private readonly FuzzTarget _target;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly List<byte[]> _corpus;

    public Fuzzer(FuzzTarget target, int seed)
    {
        _target = target;
        _random = new Random(seed);
        _mutator = new Mutator(_random);
        _corpus = [.. target.Seeds];
    }

    /// <summary>Inputs that were run.</summary>
    public long Count { get; private set; }

    /// <summary>Those among them that ended without an exception.</summary>
    public long Accepted { get; private set; }

    /// <summary>Called with each input before it runs: whatever then kills the process has left its input behind.</summary>
    public Action<byte[]>? OnInput { get; init; }

    /// <summary>The samples first, then changed ones until <paramref name="goesOn"/> is false; null if nothing was found.</summary>
    public Finding? Run(Func<long, bool> goesOn)
    {
        foreach (var seed in _target.Seeds)
            if (RunOne(seed) is { } finding)
                return finding;
        while (goesOn(Count))
        {
            var input = _mutator.Mutate(Pick(), Pick());
            var before = Accepted;
            if (RunOne(input) is { } finding)
                return finding;
            if (Accepted > before)
                Keep(input);
        }
        return null;
    }

    // Every other one is a sample: what is accepted may have lost all that makes a sample interesting.
    private byte[] Pick() => _corpus[_random.Next(_random.Next(2) == 0 ? _target.Seeds.Count : _corpus.Count)];

    private void Keep(byte[] input)
    {
        if (_corpus.Count < _target.Seeds.Count + MaxKept)
            _corpus.Add(input);
        else
            _corpus[_target.Seeds.Count + _random.Next(MaxKept)] = input;
    }

    private Finding? RunOne(byte[] input)
    {
        OnInput?.Invoke(input);
        Count++;
        var finding = Try(_target, input, out var accepted);
        if (accepted)
            Accepted++;
        return finding;
    }

    /// <summary>Runs one input under the bounds on time and memory. An endless loop does not come back from here: the watch over <see cref="OnInput"/> ends it.</summary>
    public static Finding? Try(FuzzTarget target, byte[] input, out bool accepted)
    {
        accepted = false;
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var start = Stopwatch.GetTimestamp();
        try
        {
            target.Run(input);
            accepted = true;
        }
        catch (NotAnInputException) { }
        catch (Exception e) when (target.Allows(e)) { }
        catch (Exception e)
        {
            return new Finding(input, e.ToString());
        }
        var time = Stopwatch.GetElapsedTime(start);
        if (time > MaxTime)
            return new Finding(input, $"it took {time.TotalSeconds:0.0} s");
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return allocated > target.MaxAllocated + (long)target.MaxAllocatedPerByte * input.Length
            ? new Finding(input, $"{input.Length} bytes of input made it allocate {allocated >> 20} MiB")
            : null;
    }
}
