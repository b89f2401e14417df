namespace NectarBackup.Standalone.Opening;

/// <summary>Settings from the environment: <c>NECTAR_X</c>, else <c>RESTIC_X</c>, so that scripts written for restic go on working. Empty is absent.</summary>
internal static class Variables
{
    public static string? Find(string name) => Own(name) ?? Restic(name);

    public static string? Own(string name) => Get("NECTAR_" + name);

    public static string? Restic(string name) => Get("RESTIC_" + name);

    private static string? Get(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
