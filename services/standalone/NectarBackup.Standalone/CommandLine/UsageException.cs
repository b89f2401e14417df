namespace NectarBackup.Standalone.CommandLine;

/// <summary>The command line, or what it names, cannot be used; nothing was done.</summary>
internal sealed class UsageException(string message, string? hint = null) : Exception(message)
{
    public string? Hint { get; } = hint;
}
