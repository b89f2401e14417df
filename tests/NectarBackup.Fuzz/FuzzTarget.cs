namespace NectarBackup.Fuzz;

/// <summary>A piece of the product that reads bytes from outside, as the fuzzer calls it.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Seeds">Valid samples; all other inputs are made from them.</param>
/// <param name="Run">Reads an input and checks what came of it; a broken promise is an <see cref="InvariantException"/>.</param>
/// <param name="Allowed">The exceptions that a bad input may end in.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Run, params Type[] Allowed)
{
    /// <summary>Bytes that one input may make the target allocate, on top of what its length explains.</summary>
    public long MaxAllocated { get; init; } = 32 << 20;

    /// <summary>Bytes that each byte of the input may cost in addition.</summary>
    public int MaxAllocatedPerByte { get; init; } = 512;

    /// <summary>How much of the work of others one run of this target is: the tests run it that much less often.</summary>
    public int Weight { get; init; } = 1;

    public bool Allows(Exception e) => Array.Exists(Allowed, type => type.IsInstanceOfType(e));
}

/// <summary>The bytes are too few, or too many, to be given to the product at all.</summary>
internal sealed class NotAnInputException : Exception;

/// <summary>What the target promised does not hold.</summary>
internal sealed class InvariantException(string message) : Exception(message)
{
    public static void Require(bool holds, string promise)
    {
        if (!holds)
            throw new InvariantException(promise);
    }
}
