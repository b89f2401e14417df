using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace NectarBackup.Engine.Crypto;

/// <summary>Counter mode on AES instructions: eight blocks in flight hide the latency of a round.</summary>
internal static unsafe class AesCounterX86
{
    private const int Lanes = 8;
    private const int Rounds = 14;

    public static void Transform(
        AesRoundKeys keys,
        ulong high,
        ulong low,
        ReadOnlySpan<byte> source,
        Span<byte> destination
    )
    {
        fixed (
            byte* from = source,
                to = destination
        )
        fixed (Vector128<byte>* k = keys.Keys)
        {
            var whole = (ulong)source.Length / AesCounter.BlockSize;
            ulong done = 0;
            while (done < whole)
            {
                // The kernel counts in 64 bits, so it stops where the low half wraps.
                var untilWrap = 0 - low;
                var run = untilWrap == 0 ? whole - done : Math.Min(whole - done, untilWrap);
                Blocks(k, high, low, from + 16 * done, to + 16 * done, run);
                done += run;
                low += run;
                if (low == 0)
                    high++;
            }
            var rest = source.Length & 15;
            if (rest == 0)
                return;
            var last = stackalloc byte[AesCounter.BlockSize];
            new Span<byte>(last, AesCounter.BlockSize).Clear();
            source[^rest..].CopyTo(new Span<byte>(last, rest));
            Blocks(k, high, low, last, last, 1);
            new Span<byte>(last, rest).CopyTo(destination[(source.Length - rest)..]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Blocks(Vector128<byte>* k, ulong high, ulong low, byte* from, byte* to, ulong count)
    {
        var reverse = Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        var one = Vector128.Create(1UL, 0);
        var counter = Vector128.Create(low, high);
        for (; count >= Lanes; count -= Lanes)
        {
            var k0 = k[0];
            var b0 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b1 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b2 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b3 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b4 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b5 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b6 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            var b7 = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k0;
            counter += one;
            for (var i = 1; i < Rounds; i++)
            {
                var round = k[i];
                b0 = X86Aes.Encrypt(b0, round);
                b1 = X86Aes.Encrypt(b1, round);
                b2 = X86Aes.Encrypt(b2, round);
                b3 = X86Aes.Encrypt(b3, round);
                b4 = X86Aes.Encrypt(b4, round);
                b5 = X86Aes.Encrypt(b5, round);
                b6 = X86Aes.Encrypt(b6, round);
                b7 = X86Aes.Encrypt(b7, round);
            }
            var last = k[Rounds];
            // Source and destination are the same memory or lie apart, so the order of these lines is free.
            (X86Aes.EncryptLast(b0, last) ^ Vector128.Load(from)).Store(to);
            (X86Aes.EncryptLast(b1, last) ^ Vector128.Load(from + 16)).Store(to + 16);
            (X86Aes.EncryptLast(b2, last) ^ Vector128.Load(from + 32)).Store(to + 32);
            (X86Aes.EncryptLast(b3, last) ^ Vector128.Load(from + 48)).Store(to + 48);
            (X86Aes.EncryptLast(b4, last) ^ Vector128.Load(from + 64)).Store(to + 64);
            (X86Aes.EncryptLast(b5, last) ^ Vector128.Load(from + 80)).Store(to + 80);
            (X86Aes.EncryptLast(b6, last) ^ Vector128.Load(from + 96)).Store(to + 96);
            (X86Aes.EncryptLast(b7, last) ^ Vector128.Load(from + 112)).Store(to + 112);
            from += 16 * Lanes;
            to += 16 * Lanes;
        }
        for (; count > 0; count--)
        {
            var block = Ssse3.Shuffle(counter.AsByte(), reverse) ^ k[0];
            counter += one;
            for (var i = 1; i < Rounds; i++)
                block = X86Aes.Encrypt(block, k[i]);
            (X86Aes.EncryptLast(block, k[Rounds]) ^ Vector128.Load(from)).Store(to);
            from += 16;
            to += 16;
        }
    }
}
