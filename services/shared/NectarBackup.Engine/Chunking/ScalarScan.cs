using System.Runtime.CompilerServices;

namespace NectarBackup.Engine.Chunking;

/// <summary>The portable kernel: four stretches of the data hashed in turn, to hide the latency of the tables.</summary>
internal static unsafe class ScalarScan
{
    private const int Lanes = 4;
    private const int LaneLength = 16 * 1024;
    private const int MinLaneLength = 256;

    /// <summary>
    /// The first position in [<paramref name="from"/>, <paramref name="to"/>) after whose byte a cut may follow, or -1.
    /// The 64 bytes up to each position are read: <paramref name="from"/> must be at least 64.
    /// </summary>
    public static int Find(RabinTables tables, byte* data, int from, int to)
    {
        fixed (ulong* reduce = tables.Reduce)
        fixed (ulong* leave = tables.Leave)
        {
            while (to - from >= Lanes * MinLaneLength)
            {
                var length = Math.Min(LaneLength, (to - from) / Lanes);
                var found = FindInLanes(reduce, leave, data + from, length);
                if (found >= 0)
                    return from + found;
                from += Lanes * length;
            }
            var rest = FindInOne(reduce, leave, data + from, to - from);
            return rest < 0 ? -1 : from + rest;
        }
    }

    private static int FindInOne(ulong* reduce, ulong* leave, byte* data, int length)
    {
        if (length <= 0)
            return -1;
        var digest = Warm(reduce, data);
        for (var i = 0; i < length; i++)
        {
            digest = Next(reduce, leave, digest, data + i);
            if ((digest & RabinTables.CutMask) == 0)
                return i;
        }
        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int FindInLanes(ulong* reduce, ulong* leave, byte* lane0, int length)
    {
        byte* lane1 = lane0 + length,
            lane2 = lane1 + length,
            lane3 = lane2 + length;
        ulong a = Warm(reduce, lane0),
            b = Warm(reduce, lane1),
            c = Warm(reduce, lane2),
            d = Warm(reduce, lane3);
        var best = int.MaxValue;
        for (var i = 0; i < length; i++)
        {
            a = Next(reduce, leave, a, lane0 + i);
            b = Next(reduce, leave, b, lane1 + i);
            c = Next(reduce, leave, c, lane2 + i);
            d = Next(reduce, leave, d, lane3 + i);
            if ((a & RabinTables.CutMask) == 0)
                return i;
            // An earlier lane may still find an earlier position.
            if ((b & RabinTables.CutMask) == 0)
                best = Math.Min(best, length + i);
            if ((c & RabinTables.CutMask) == 0)
                best = Math.Min(best, 2 * length + i);
            if ((d & RabinTables.CutMask) == 0)
                best = Math.Min(best, 3 * length + i);
        }
        return best == int.MaxValue ? -1 : best;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Next(ulong* reduce, ulong* leave, ulong digest, byte* at) =>
        (digest << 8) ^ *at ^ reduce[digest >> RabinTables.TopShift] ^ leave[at[-RabinTables.Window]];

    private static ulong Warm(ulong* reduce, byte* at)
    {
        var digest = 0UL;
        for (var i = -RabinTables.Window; i < 0; i++)
            digest = (digest << 8) ^ at[i] ^ reduce[digest >> RabinTables.TopShift];
        return digest;
    }
}
