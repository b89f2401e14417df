namespace NectarBackup.Fuzz.Tests;

public sealed class FuzzTargetTests
{
    /// <summary>Inputs for each target of weight 1: all targets together end within some seconds.</summary>
    private const int Inputs = 800;

    private static string Findings => Path.Combine(AppContext.BaseDirectory, "findings");

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    public static TheoryData<string> Stored =>
        [.. Directory.EnumerateFiles(Findings).Select(path => Path.GetFileName(path))];

    private static FuzzTarget TargetOf(string name) => FuzzTargets.All.Single(target => target.Name == name);

    [Theory, MemberData(nameof(Targets))]
    public void No_input_breaks_a_promise(string name)
    {
        var target = TargetOf(name);
        var finding = new Fuzzer(target, seed: 20_261_123).Run(count => count < Inputs / target.Weight);
        Assert.True(finding is null, finding?.Why + "\ninput: " + Convert.ToBase64String(finding?.Input ?? []));
    }

    [Theory, MemberData(nameof(Targets))]
    public void Every_sample_is_accepted(string name)
    {
        var target = TargetOf(name);
        Assert.Contains(target.Seeds, seed => Fuzzer.Try(target, seed, out var accepted) is null && accepted);
    }

    /// <summary>What was found once stays fixed; a file is named TARGET-HASH.</summary>
    [Theory, MemberData(nameof(Stored))]
    public void What_was_found_once_stays_fixed(string file)
    {
        var target = TargetOf(file[..file.LastIndexOf('-')]);
        Assert.Null(Fuzzer.Try(target, File.ReadAllBytes(Path.Combine(Findings, file)), out _));
    }
}
