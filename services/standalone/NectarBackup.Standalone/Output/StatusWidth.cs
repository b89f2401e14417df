namespace NectarBackup.Standalone.Output;

/// <summary>Keeps a live line on one line of the terminal, however wide that is now.</summary>
internal static class StatusWidth
{
    private const int Usual = 80;

    public static string Fit(string line)
    {
        int width;
        try
        {
            width = Console.WindowWidth;
        }
        catch (IOException)
        {
            width = Usual;
        }
        width = width <= 1 ? Usual : width;
        return line.Length < width ? line : line[..(width - 1)];
    }
}
