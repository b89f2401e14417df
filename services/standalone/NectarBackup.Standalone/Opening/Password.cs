using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Opening;

/// <summary>Where a password comes from. Never from the command line, where every user of the machine could read it.</summary>
internal static class Password
{
    /// <summary>Longest password that is read, in bytes.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>
    /// The repository's password: from the options, else from the environment (file, command, the password itself; all of ours before any of restic's), else
    /// asked for on the terminal.
    /// </summary>
    /// <exception cref="UsageException">There is none, or it is empty.</exception>
    public static async Task<byte[]> GetAsync(CommandRun run, bool isNew, CancellationToken cancellationToken)
    {
        var file = run.Get(GlobalOptions.PasswordFile);
        var command = run.Get(GlobalOptions.PasswordCommand);
        if (file is not null && command is not null)
            throw new UsageException("--password-file and --password-command exclude each other");
        var password =
            await FromAsync(file, command, "", cancellationToken)
            ?? (isNew ? AskTwice("enter password for new repository: ") : Ask("enter password for repository: "));
        return Checked(password);
    }

    /// <summary>The password of the repository to copy from, likewise; its variables begin with <c>FROM_</c>.</summary>
    public static async Task<byte[]> GetOtherAsync(
        string? file,
        string? command,
        CancellationToken cancellationToken
    ) =>
        Checked(
            await FromAsync(file, command, "FROM_", cancellationToken) ?? Ask("enter password for source repository: ")
        );

    private static async Task<byte[]?> FromAsync(
        string? file,
        string? command,
        string prefix,
        CancellationToken cancellationToken
    ) =>
        await FromOneAsync(file, command, null, cancellationToken)
        ?? await FromVariablesAsync(Variables.Own, prefix, cancellationToken)
        ?? await FromVariablesAsync(Variables.Restic, prefix, cancellationToken);

    private static Task<byte[]?> FromVariablesAsync(
        Func<string, string?> find,
        string prefix,
        CancellationToken cancellationToken
    ) =>
        FromOneAsync(
            find(prefix + "PASSWORD_FILE"),
            find(prefix + "PASSWORD_COMMAND"),
            find(prefix + "PASSWORD"),
            cancellationToken
        );

    /// <summary>A further password, for <c>key add</c>: from a file, or asked for twice.</summary>
    public static byte[] GetNew(string? file) =>
        Checked(file is null ? AskTwice("enter new password: ") : FromFile(file));

    private static byte[] Checked(byte[] password) =>
        password.Length > 0 ? password : throw new UsageException("the password is empty", "use one that is not");

    private static async Task<byte[]?> FromOneAsync(
        string? file,
        string? command,
        string? text,
        CancellationToken cancellationToken
    ) =>
        command is not null ? await FromCommandAsync(command, cancellationToken)
        : file is not null ? FromFile(file)
        : text is not null ? Encoding.UTF8.GetBytes(text)
        : null;

    public static byte[] FromFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
            var bytes = new byte[MaxLength + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length > MaxLength
                ? throw new UsageException($"the password file {path} is longer than {MaxLength} bytes")
                : Trim(bytes.AsSpan(0, length));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"the password file {path} cannot be read: {e.Message}");
        }
    }

    private static async Task<byte[]> FromCommandAsync(string command, CancellationToken cancellationToken)
    {
        var words = Words.Split(command);
        if (words.Count == 0)
            throw new UsageException("the password command is empty");
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardOutput = true };
        try
        {
            using var process = Process.Start(start)!;
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0)
                throw new UsageException($"the password command {words[0]} failed with exit code {process.ExitCode}");
            return output.Length > MaxLength
                ? throw new UsageException($"the password command {words[0]} printed more than {MaxLength} bytes")
                : Trim(output.GetBuffer().AsSpan(0, (int)output.Length));
        }
        catch (Win32Exception e)
        {
            throw new UsageException($"the password command {words[0]} cannot be started: {e.Message}");
        }
    }

    /// <summary>Without white space at either end and the mark that some editors put before UTF-8, as restic reads it.</summary>
    private static byte[] Trim(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith(Encoding.UTF8.Preamble))
            text = text[3..];
        return text.Trim(" \t\r\n\v\f"u8).ToArray();
    }

    private static byte[] AskTwice(string question)
    {
        var password = Ask(question);
        return Ask("enter password again: ").AsSpan().SequenceEqual(password)
            ? password
            : throw new UsageException("the two passwords differ");
    }

    private static byte[] Ask(string question)
    {
        if (Console.IsInputRedirected)
            throw new UsageException(
                "no password is given",
                "use --password-file, --password-command or NECTAR_PASSWORD_FILE"
            );
        Console.Error.Write(question);
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
                password.Length = Math.Max(0, password.Length - 1);
            else if (key.KeyChar != '\0')
                password.Append(key.KeyChar);
        }
        Console.Error.WriteLine();
        return Encoding.UTF8.GetBytes(password.ToString());
    }
}
