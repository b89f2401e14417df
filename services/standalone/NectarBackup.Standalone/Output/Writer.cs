using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Standalone.Output;

/// <summary>
/// Buffered output of lines, JSON and raw names. Names are written byte by byte as they are into files and pipes; on a terminal what could move the cursor is
/// escaped. Thread safe.
/// </summary>
internal sealed class Writer(Stream to, bool isTerminal) : IDisposable
{
    private const int FlushAt = 64 << 10;

    private readonly ArrayBufferWriter<byte> _buffer = new(FlushAt);
    private readonly Lock _gate = new();

    public static JsonWriterOptions JsonOptions { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>A live line stands at the bottom: it is wiped before anything else is written.</summary>
    public bool HasStatus { get; private set; }

    public void Line(string text = "") => Line(Encoding.UTF8.GetBytes(text), default);

    /// <summary>Text, a name as raw bytes, and the end of the line.</summary>
    public void NameLine(string before, ReadOnlySpan<byte> name, string after = "")
    {
        var shown = isTerminal ? Encoding.UTF8.GetBytes(BytePath.Display(name)) : name;
        Line([.. Encoding.UTF8.GetBytes(before), .. shown], Encoding.UTF8.GetBytes(after));
    }

    private void Line(ReadOnlySpan<byte> text, ReadOnlySpan<byte> after)
    {
        lock (_gate)
        {
            WipeStatus();
            _buffer.Write(text);
            _buffer.Write(after);
            _buffer.Write("\n"u8);
            FlushIfFull();
        }
    }

    /// <summary>One JSON value on a line of its own.</summary>
    public void Json(Action<Utf8JsonWriter> write)
    {
        lock (_gate)
        {
            WipeStatus();
            using (var json = new Utf8JsonWriter(_buffer, JsonOptions))
                write(json);
            _buffer.Write("\n"u8);
            FlushIfFull();
        }
    }

    /// <summary>Content as it is.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Flush();
            to.Write(bytes);
        }
    }

    /// <summary>Replaces the live line at the bottom of a terminal; empty wipes it.</summary>
    public void Status(string text)
    {
        lock (_gate)
        {
            WipeStatus();
            if (text.Length > 0)
            {
                _buffer.Write(Encoding.UTF8.GetBytes(text));
                HasStatus = true;
            }
            Flush();
        }
    }

    private void WipeStatus()
    {
        if (!HasStatus)
            return;
        HasStatus = false;
        _buffer.Write("\r\x1b[K"u8);
    }

    private void FlushIfFull()
    {
        if (_buffer.WrittenCount >= FlushAt || isTerminal)
            Flush();
    }

    public void Flush()
    {
        lock (_gate)
        {
            if (_buffer.WrittenCount == 0)
                return;
            to.Write(_buffer.WrittenSpan);
            to.Flush();
            _buffer.ResetWrittenCount();
        }
    }

    public void Dispose()
    {
        Status("");
        to.Dispose();
    }
}
