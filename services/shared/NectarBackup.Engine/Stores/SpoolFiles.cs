using Microsoft.Win32.SafeHandles;

namespace NectarBackup.Engine.Stores;

/// <summary>
/// What all stores do with spool files and say of those that are not what their <see cref="ObjectContent"/> promises. Always
/// <see cref="StoreFault.Permanent"/>: the file is local and another try finds the same; never <see cref="StoreFault.NotFound"/>, which is said of objects.
/// </summary>
public static class SpoolFiles
{
    /// <summary>The spool file has fewer bytes than are to be stored: it was not written to the end. Not worth a retry.</summary>
    public static StoreException TooShort(ObjectName name, string path, long has, long needs) =>
        new(StoreFault.Permanent, $"cannot store {name}: the spool file '{path}' has {has} bytes instead of {needs}");

    /// <summary>The spool file is not there.</summary>
    public static StoreException Missing(ObjectName name, string path, Exception? inner = null) =>
        new(StoreFault.Permanent, $"cannot store {name}: the spool file '{path}' is gone", inner);

    /// <summary>Opens a content's spool file for reading.</summary>
    /// <exception cref="StoreException">Permanent: it is missing, unreadable, or too short.</exception>
    public static SafeFileHandle Open(ObjectName name, ObjectContent content)
    {
        var path = content.SpoolPath ?? throw new ArgumentException("the content has no spool file", nameof(content));
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var has = RandomAccess.GetLength(file);
            if (has < content.Length)
                throw TooShort(name, path, has, content.Length);
            return file;
        }
        catch (Exception e)
        {
            file?.Dispose();
            throw e switch
            {
                FileNotFoundException or DirectoryNotFoundException => Missing(name, path, e),
                IOException or UnauthorizedAccessException => new StoreException(
                    StoreFault.Permanent,
                    $"cannot store {name}: the spool file '{path}' cannot be read: {e.Message}",
                    e
                ),
                _ => e,
            };
        }
    }

    /// <summary>Removes the spool file of an object that is stored. One that is gone is no error.</summary>
    /// <exception cref="StoreException">Permanent: it cannot be removed, and would be left for ever.</exception>
    public static void Delete(ObjectName name, string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException) { }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(
                StoreFault.Permanent,
                $"{name} is stored, but its spool file '{path}' cannot be removed: {e.Message}",
                e
            );
        }
    }
}
