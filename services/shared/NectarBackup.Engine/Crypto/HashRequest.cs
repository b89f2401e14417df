namespace NectarBackup.Engine.Crypto;

/// <summary>One message to hash, in memory that stays where it is until the batch is done.</summary>
/// <param name="data">May be null if <paramref name="length"/> is 0.</param>
/// <param name="length">Bytes, 0 or more.</param>
/// <param name="result">Where the id goes.</param>
public readonly unsafe struct HashRequest(byte* data, int length, ObjectId* result)
{
    public byte* Data { get; } = data;
    public int Length { get; } = length >= 0 ? length : throw new ArgumentOutOfRangeException(nameof(length));
    public ObjectId* Result { get; } = result;
}
