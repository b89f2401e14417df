using System.CommandLine;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Tests;

/// <summary>What the user sees of errors that no command expects; in this process, with commands made for it.</summary>
public sealed class ErrorTests
{
    private static readonly Lock s_gate = new();

    private static (int Code, string Errors) Run(Func<CommandRun, Exception> fail, params string[] args)
    {
        var root = NectarCommand.Build();
        root.Add(new Command("fail", "Fails").Does((run, _) => Task.FromException<int>(fail(run))));
        lock (s_gate)
        {
            var before = Console.Error;
            using var errors = new StringWriter();
            Console.SetError(errors);
            try
            {
                return (NectarCommand.RunAsync(root, args).GetAwaiter().GetResult(), errors.ToString());
            }
            finally
            {
                Console.SetError(before);
            }
        }
    }

    [Fact]
    public void A_bug_is_one_line_and_a_trace_only_if_asked_for()
    {
        var (code, errors) = Run(_ => new ArithmeticException("two\nlines"), "fail");
        Assert.Equal(1, code);
        Assert.Equal(
            "nectar: internal error: ArithmeticException: two lines; please report it, with the output of -vvv\n",
            errors
        );
        Assert.Single(Run(_ => new InvalidCastException("x"), "fail", "-vv").Errors.TrimEnd().Split('\n'));
        var (_, traced) = Run(_ => new InvalidCastException("x"), "fail", "-vvv");
        Assert.StartsWith("nectar: internal error: InvalidCastException: x;", traced);
        Assert.Contains("   at ", traced);
    }

    [Fact]
    public void A_lost_lock_is_no_interruption()
    {
        var (code, errors) = Run(
            run =>
            {
                run.HasLostLock = true;
                return new OperationCanceledException();
            },
            "fail"
        );
        Assert.Equal(11, code);
        Assert.StartsWith("nectar: the lock on the repository was lost", errors);
    }
}
