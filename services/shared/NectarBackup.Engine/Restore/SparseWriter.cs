using System.Buffers;
using NectarBackup.Engine.LocalFiles;

namespace NectarBackup.Engine.Restore;

/// <summary>Writes content so that blocks of zeros take no space, and compares what is in a file already.</summary>
internal static class SparseWriter
{
    /// <summary>The unit in which file systems allocate, in bytes.</summary>
    private const int Block = 4096;

    /// <summary>Writes all but whole blocks of zeros.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="content">What.</param>
    /// <param name="at">Offset in the file.</param>
    /// <param name="isFresh">What was not written reads as zeros, once the file has its length; else holes are punched.</param>
    public static void Write(RestoreFile file, ReadOnlySpan<byte> content, long at, bool isFresh)
    {
        while (!content.IsEmpty)
        {
            var isZero = true;
            var length = 0;
            // One run of blocks that are all zeros, or all not; the first block may begin within an allocation unit.
            while (length < content.Length)
            {
                var size = Math.Min(content.Length - length, Block - (int)((at + length) % Block));
                var isZeroBlock = !content.Slice(length, size).ContainsAnyExcept((byte)0);
                if (length > 0 && isZeroBlock != isZero)
                    break;
                isZero = isZeroBlock;
                length += size;
            }
            if (!isZero || (!isFresh && !file.TryPunchHole(at, length)))
                file.Write(content[..length], at);
            content = content[length..];
            at += length;
        }
    }

    /// <summary>The file holds exactly the blob's content at this place.</summary>
    public static bool Holds(this RestoreFile file, ObjectId id, long at, int length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var there = file.Read(buffer.AsSpan(0, length), at);
            return there == length && ObjectId.Of(buffer.AsSpan(0, length)) == id;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
