using System.Text;

namespace NectarBackup.Engine.Trees;

/// <summary>Gives the same string again for the same short name, since the trees of a machine hold a handful of users and groups.</summary>
internal static class OwnerNames
{
    private const int Slots = 256;
    private const int MaxLength = 64;

    [ThreadStatic]
    private static string[]? _slots;

    public static string Get(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length is 0 or > MaxLength)
            return Encoding.UTF8.GetString(utf8);
        var slots = _slots ??= new string[Slots];
        var hash = new HashCode();
        hash.AddBytes(utf8);
        ref var slot = ref slots[hash.ToHashCode() & (Slots - 1)];
        if (slot is null || !Ascii.Equals(utf8, slot))
            slot = Encoding.UTF8.GetString(utf8);
        return slot;
    }
}
