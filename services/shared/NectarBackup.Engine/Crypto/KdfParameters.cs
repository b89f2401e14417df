namespace NectarBackup.Engine.Crypto;

/// <summary>The work a key file asks of whoever opens it with its password.</summary>
/// <param name="N">Rows of scrypt's table, a power of two.</param>
/// <param name="R">Width of a row in units of 128 bytes.</param>
/// <param name="P">Independent mixes.</param>
public readonly record struct KdfParameters(int N, int R, int P)
{
    /// <summary>
    /// What new keys get: 32 MiB of table and eight mixes. restic measures the machine and mostly arrives at the same
    /// N and r with p of 5 to 10; a fixed choice makes a key as hard on a busy or slow machine as on an idle one, and
    /// an even p leaves no mix to run alone (see <see cref="Scrypt"/>).
    /// </summary>
    public static KdfParameters ForNewKeys => new(1 << 15, 8, 8);
}
