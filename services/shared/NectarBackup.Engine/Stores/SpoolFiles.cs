namespace NectarBackup.Engine.Stores;

/// <summary>What all stores say of a spool file that is not what its <see cref="ObjectContent"/> promises.</summary>
public static class SpoolFiles
{
    /// <summary>The spool file has fewer bytes than are to be stored: it was not written to the end. Not worth a retry.</summary>
    public static StoreException TooShort(ObjectName name, string path, long has, long needs) =>
        new(StoreFault.Permanent, $"cannot store {name}: the spool file '{path}' has {has} bytes instead of {needs}");
}
