using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.Trees;

/// <summary>Fills a span that its owner has made large enough.</summary>
internal ref struct TextCursor(Span<byte> span)
{
    private readonly Span<byte> _span = span;

    public int At { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(scoped ReadOnlySpan<byte> text)
    {
        text.CopyTo(_span[At..]);
        At += text.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(byte c) => _span[At++] = c;

    public void Put(ulong number)
    {
        var fits = Utf8Formatter.TryFormat(number, _span[At..], out var written);
        Debug.Assert(fits);
        At += written;
    }

    public void Put(NodeTime time) => At += Rfc3339.Format(time.Seconds, time.Nanoseconds, _span[At..]);

    public void Put(ObjectId id)
    {
        id.WriteHex(_span[At..]);
        At += ObjectId.HexLength;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PutUnlessZero(ReadOnlySpan<byte> key, ulong number)
    {
        if (number == 0)
            return;
        Put(key);
        Put(number);
    }

    /// <summary>Writes a key that ends with a quote, the text escaped, and the other quote.</summary>
    public void PutUnlessEmpty(ReadOnlySpan<byte> key, string text)
    {
        if (text.Length == 0)
            return;
        Put(key);
        At += GoJson.Escape(text, _span[At..]);
        Put((byte)'"');
    }

    public void PutEscaped(scoped ReadOnlySpan<byte> text) => At += GoJson.Escape(text, _span[At..]);

    public void PutBase64(scoped ReadOnlySpan<byte> bytes)
    {
        Base64.EncodeToUtf8(bytes, _span[At..], out _, out var written);
        At += written;
    }
}
