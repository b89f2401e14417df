using System.CommandLine;
using NectarBackup.Standalone.Opening;
using NectarBackup.Standalone.Output;

namespace NectarBackup.Standalone.CommandLine;

/// <summary>One call of one command: its options, its output, its clock.</summary>
internal sealed class CommandRun(ParseResult parsed, Streams streams, TimeProvider time)
{
    public Streams Streams { get; } = streams;

    public Writer Out => Streams.Out;

    public TimeProvider Time { get; } = time;

    public bool Json { get; } = parsed.GetValue(GlobalOptions.Json);

    public bool Quiet { get; } = parsed.GetValue(GlobalOptions.Quiet);

    /// <summary>How often <c>-v</c> was given.</summary>
    public int Verbosity { get; } = parsed.GetResult(GlobalOptions.Verbose)?.IdentifierTokenCount ?? 0;

    /// <summary>Lines for people are wanted: neither JSON nor silence.</summary>
    public bool Talks => !Json && !Quiet;

    public T? Get<T>(Option<T> option) => parsed.GetValue(option);

    public string[] Get(Option<string[]> option) => parsed.GetValue(option) ?? [];

    public string[] Get(Argument<string[]> argument) => parsed.GetValue(argument) ?? [];

    /// <summary>An argument that the parser has demanded.</summary>
    public string Get(Argument<string> argument) => parsed.GetRequiredValue(argument);

    /// <summary>The option from the command line, else from the environment (<c>NECTAR_</c>, then <c>RESTIC_</c>).</summary>
    public string? Get(Option<string?> option, string variable) => parsed.GetValue(option) ?? Variables.Find(variable);

    /// <summary>The option was written on the command line.</summary>
    public bool IsGiven(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>A repository was closed whose lock had been lost: what was cancelled meanwhile was not interrupted by the user.</summary>
    public bool HasLostLock { get; set; }

    /// <summary>A line for people; nothing in JSON and quiet runs.</summary>
    public void Say(string line)
    {
        if (Talks)
            Out.Line(line);
    }

    /// <summary>As <see cref="Say"/>, for those who asked for more.</summary>
    public void SayMore(string line)
    {
        if (Verbosity > 0)
            Say(line);
    }

    /// <summary>Something went wrong that does not end the run.</summary>
    public void Warn(string line) => Streams.Error(line);

    /// <summary>Opens the repository that the options name, and locks it.</summary>
    public Task<OpenRepository> OpenAsync(LockMode mode, CancellationToken cancellationToken) =>
        OpenRepository.OpenAsync(this, mode, cancellationToken);
}
