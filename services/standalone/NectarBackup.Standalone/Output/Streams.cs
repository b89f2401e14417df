using System.Text.Json;
using NectarBackup.Standalone.CommandLine;

namespace NectarBackup.Standalone.Output;

/// <summary>Standard output, buffered, and standard error, one line at a time.</summary>
internal sealed class Streams : IDisposable
{
    public Writer Out { get; } = new(Console.OpenStandardOutput(), !Console.IsOutputRedirected);

    /// <summary>A live status line can be drawn.</summary>
    public bool IsTerminal { get; } = !Console.IsOutputRedirected;

    /// <summary>One line for people on standard error.</summary>
    public void Error(string message)
    {
        Out.Flush();
        Console.Error.WriteLine($"{NectarCommand.Name}: {message}");
    }

    /// <summary>restic's last message of a failed run.</summary>
    public void ErrorJson(int code, string message) =>
        ErrorMessage(json =>
        {
            json.WriteString("message_type", "exit_error");
            json.WriteNumber("code", code);
            json.WriteString("message", message);
        });

    /// <summary>One JSON object on standard error.</summary>
    public void ErrorMessage(Action<Utf8JsonWriter> writeFields)
    {
        Out.Flush();
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line, Writer.JsonOptions))
        {
            json.WriteStartObject();
            writeFields(json);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        using var to = Console.OpenStandardError();
        line.WriteTo(to);
    }

    public void Dispose() => Out.Dispose();
}
