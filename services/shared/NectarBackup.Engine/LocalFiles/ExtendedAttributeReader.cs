using System.Globalization;
using NectarBackup.Engine.Trees;

namespace NectarBackup.Engine.LocalFiles;

/// <summary>
/// Reads extended attributes, POSIX ACLs among them under their raw names, into one buffer that is used again for every entry. trusted.* is only
/// listed for root: the kernel decides.
/// </summary>
internal sealed unsafe class ExtendedAttributeReader
{
    // XATTR_LIST_MAX and XATTR_SIZE_MAX (linux/limits.h).
    private const int MaxListSize = 64 * 1024;
    private const int MaxValueSize = 64 * 1024;

    private readonly byte[] _list = GC.AllocateUninitializedArray<byte>(MaxListSize, pinned: true);
    private byte[] _values = [];
    private int _used;

    /// <summary>Of an open descriptor; 0 or the first errno. What could be read is added in either case.</summary>
    internal int Read(int descriptor, List<ExtendedAttribute> into) => ReadAll(descriptor, null, into);

    /// <summary>Of an entry that is not opened: a symbolic link is not followed.</summary>
    internal int Read(int directory, ReadOnlySpan<byte> name, List<ExtendedAttribute> into)
    {
        var path = stackalloc byte[DescriptorPath.MaxLength];
        DescriptorPath.Write(directory, name, path);
        return ReadAll(-1, path, into);
    }

    private int ReadAll(int descriptor, byte* path, List<ExtendedAttribute> into)
    {
        fixed (byte* list = _list)
        {
            var length =
                path == null
                    ? LibC.ListAttributes(descriptor, list, MaxListSize)
                    : LibC.ListAttributes(path, list, MaxListSize);
            if (length <= 0)
                return length == 0 || LibC.LastError == Errno.NotSupported ? 0 : LibC.LastError;

            // The names become part of the buffer, so that they outlive the next list.
            _used = 0;
            Reserve((int)length);
            _list.AsSpan(0, (int)length).CopyTo(_values);
            _used = (int)length;
            var firstError = 0;
            for (var start = 0; start < length; )
            {
                var end = Array.IndexOf(_list, (byte)0, start, (int)length - start);
                if (end < 0)
                    break;
                var errno = AddValue(descriptor, path, list, start, end, into);
                firstError = firstError != 0 ? firstError : errno;
                start = end + 1;
            }
            return firstError;
        }
    }

    private int AddValue(int descriptor, byte* path, byte* list, int start, int end, List<ExtendedAttribute> into)
    {
        var names = _values.AsMemory(start, end - start);
        Reserve(MaxValueSize);
        fixed (byte* value = &_values[_used])
        {
            var length =
                path == null
                    ? LibC.GetAttribute(descriptor, list + start, value, MaxValueSize)
                    : LibC.GetAttribute(path, list + start, value, MaxValueSize);
            if (length < 0)
                // Removed since it was listed, or listed but not served by the file system: as if it were not there.
                return LibC.LastError is Errno.NoData or Errno.NotSupported ? 0 : LibC.LastError;
            into.Add(new ExtendedAttribute(names, _values.AsMemory(_used, (int)length)));
            _used += (int)length;
            return 0;
        }
    }

    // What was handed out before keeps its old array.
    private void Reserve(int room)
    {
        if (_values.Length - _used >= room)
            return;
        var larger = new byte[Math.Max(_values.Length * 2, _used + room)];
        _values.AsSpan(0, _used).CopyTo(larger);
        _values = larger;
    }
}

/// <summary>The path of an entry below an open directory, for the calls that take no descriptor: the kernel resolves the first part by itself.</summary>
internal static unsafe class DescriptorPath
{
    private const string Prefix = "/proc/self/fd/";

    /// <summary>Prefix, ten digits, slash, the longest name and NUL.</summary>
    internal const int MaxLength = 14 + 10 + 1 + BytePath.MaxNameLength + 1;

    /// <summary>Writes it with a final NUL; without a name, the path stands for the descriptor itself (a magic link: it is followed).</summary>
    internal static void Write(int descriptor, ReadOnlySpan<byte> name, byte* path)
    {
        if (name.Length > BytePath.MaxNameLength)
            throw new ArgumentException("A name has at most 255 bytes.", nameof(name));
        var rest = new Span<byte>(path, MaxLength);
        "/proc/self/fd/"u8.CopyTo(rest);
        _ = descriptor.TryFormat(rest[Prefix.Length..], out var digits, default, CultureInfo.InvariantCulture);
        rest = rest[(Prefix.Length + digits)..];
        if (!name.IsEmpty)
        {
            rest[0] = (byte)'/';
            name.CopyTo(rest[1..]);
            rest = rest[(1 + name.Length)..];
        }
        rest[0] = 0;
    }
}
