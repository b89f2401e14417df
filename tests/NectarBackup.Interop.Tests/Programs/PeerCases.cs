namespace NectarBackup.Interop.Tests.Programs;

/// <summary>What the theories run over.</summary>
internal static class PeerCases
{
    /// <summary>Every restic that there is on every kind of store.</summary>
    public static TheoryData<string, StoreKind> All
    {
        get
        {
            var cases = new TheoryData<string, StoreKind>();
            foreach (var restic in BackupProgram.Restics)
            foreach (var kind in Enum.GetValues<StoreKind>())
                cases.Add(restic.Name, kind);
            return cases;
        }
    }

    public static TheoryData<string> Restics => [.. BackupProgram.Restics.Select(r => r.Name)];

    public static TheoryData<StoreKind> Stores => [.. Enum.GetValues<StoreKind>()];
}
