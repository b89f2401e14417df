using System.IO.Enumeration;

namespace NectarBackup.Engine.Stores;

/// <summary>Reads the objects of one directory with their lengths, without an object of .NET for every file.</summary>
internal static class DirectoryListing
{
    private static readonly EnumerationOptions Flat = new()
    {
        AttributesToSkip = 0,
        IgnoreInaccessible = false,
        RecurseSubdirectories = false,
    };

    /// <summary>Adds the objects in <paramref name="directory"/>; one that does not exist holds none, as in an object store.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be read.</exception>
    public static void Read(ObjectKind kind, string directory, List<ObjectInfo> found)
    {
        try
        {
            var entries = new FileSystemEnumerable<ObjectInfo>(directory, Describe, Flat)
            {
                ShouldIncludePredicate = IsObject,
            };
            foreach (var entry in entries)
            {
                var info = entry with { Name = new ObjectName(kind, entry.Name.Id) };
                if (IsVanished(directory, info) || IsMisplaced(directory, info.Name))
                    continue;
                found.Add(info);
            }
        }
        catch (DirectoryNotFoundException) { }
    }

    private static bool IsObject(ref FileSystemEntry entry) =>
        !entry.IsDirectory && ObjectId.TryParse(entry.FileName, out _);

    private static ObjectInfo Describe(ref FileSystemEntry entry)
    {
        _ = ObjectId.TryParse(entry.FileName, out var id);
        return new ObjectInfo(new ObjectName(default, id), entry.Length);
    }

    // A file deleted between the listing and its stat has the length 0 here. So has a damaged one, and that one is to be seen.
    private static bool IsVanished(string directory, ObjectInfo info) =>
        info.Length == 0 && !File.Exists(Path.Combine(directory, info.Name.Id.ToString()));

    // A pack in another's directory is found by no one; a listing that names it would promise what a read cannot keep.
    private static bool IsMisplaced(string directory, ObjectName name) =>
        name.Kind == ObjectKind.Pack && !directory.EndsWith($"/{name.Id.First:x2}", StringComparison.Ordinal);
}
