using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace NectarBackup.Engine.Crypto;

/// <summary>The key schedule of AES-128 or AES-256 (FIPS 197, 5.2), for processors with AES instructions.</summary>
internal sealed class AesRoundKeys
{
    public static bool IsSupported => X86Aes.IsSupported && Ssse3.IsSupported;

    private readonly Vector128<byte>[] _keys;

    public AesRoundKeys(ReadOnlySpan<byte> key)
    {
        var keyWords = key.Length / 4;
        var rounds = keyWords + 6;
        var words = new uint[4 * (rounds + 1)];
        for (var i = 0; i < keyWords; i++)
            words[i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
        uint constant = 1;
        for (var i = keyWords; i < words.Length; i++)
        {
            var word = words[i - 1];
            if (i % keyWords == 0)
            {
                word = uint.RotateRight(SubstituteWord(word), 8) ^ constant;
                constant = constant << 1 ^ ((constant & 0x80) != 0 ? 0x11bu : 0);
            }
            else if (keyWords == 8 && i % 8 == 4)
                word = SubstituteWord(word);
            words[i] = words[i - keyWords] ^ word;
        }
        _keys = new Vector128<byte>[rounds + 1];
        for (var i = 0; i < _keys.Length; i++)
            _keys[i] = Vector128.Create(words, 4 * i).AsByte();
    }

    /// <summary>One key for each round, and the whitening key before them.</summary>
    public ReadOnlySpan<Vector128<byte>> Keys => _keys;

    public Vector128<byte> EncryptBlock(Vector128<byte> block)
    {
        block ^= _keys[0];
        for (var i = 1; i < _keys.Length - 1; i++)
            block = X86Aes.Encrypt(block, _keys[i]);
        return X86Aes.EncryptLast(block, _keys[^1]);
    }

    // The S-box without a table (and so without a trace in the cache): KEYGENASSIST puts SubWord of word 1 into word 0.
    private static uint SubstituteWord(uint word) =>
        X86Aes.KeygenAssist(Vector128.Create(word).AsByte(), 0).AsUInt32().ToScalar();
}
