using System.IO.MemoryMappedFiles;

namespace NectarBackup.Fuzz;

/// <summary>
/// The input at hand, in a mapped file: it outlives a stack overflow or a kill, and costs a copy. A run that finds the note of an earlier one on the
/// same target has found what killed it.
/// </summary>
internal sealed class CrashNote : IDisposable
{
    private const int Header = sizeof(int);
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public CrashNote(string target)
    {
        _path = PathOf(target);
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Create, null, Header + 2 * Mutator.MaxLength);
        _view = _file.CreateViewAccessor();
    }

    private static string PathOf(string target) => Path.Combine(Path.GetTempPath(), $"nectarbackup-fuzz-{target}.note");

    /// <summary>The input that an earlier run did not survive; null if it ended in order.</summary>
    public static byte[]? Take(string target)
    {
        var path = PathOf(target);
        if (!File.Exists(path))
            return null;
        var bytes = File.ReadAllBytes(path);
        File.Delete(path);
        var length = bytes.Length < Header ? 0 : BitConverter.ToInt32(bytes);
        return length > 0 && length <= bytes.Length - Header ? bytes[Header..(Header + length)] : null;
    }

    public void Write(byte[] input)
    {
        _view.Write(0, 0);
        _view.WriteArray(Header, input, 0, input.Length);
        _view.Write(0, input.Length);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }
}
