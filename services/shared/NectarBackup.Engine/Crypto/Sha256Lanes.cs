using System.Buffers;
using System.Buffers.Binary;

namespace NectarBackup.Engine.Crypto;

/// <summary>
/// SHA-256 of many independent messages: sixteen or eight abreast where that is faster, one after the other where it is not.
/// The results are the same.
/// </summary>
public static class Sha256Lanes
{
    // Measured on a Zen 4 core, in nanoseconds; only their ratios matter, and a wrong guess costs time, never a result.
    private const double SixteenPerBlock = 195;
    private const double EightPerBlock = 105;
    private const double SinglePerBlock = 31.5;
    private const double LanesPerMessage = 60;
    private const double SinglePerMessage = 220;

    private const int BlockSize = Sha256Kernel.BlockSize;

    /// <summary>Hashes every request; the order among them is free.</summary>
    public static unsafe void HashMany(ReadOnlySpan<HashRequest> requests)
    {
        if (!Sha256Kernel.IsSupported || !Sha256Kernel8.IsSupported || requests.Length < 3)
        {
            foreach (ref readonly var request in requests)
                HashOne(request);
            return;
        }
        // 1. Longest first, so that the lanes run dry together. Length and position share one sortable word.
        var rented = ArrayPool<ulong>.Shared.Rent(requests.Length);
        try
        {
            var order = rented.AsSpan(0, requests.Length);
            for (var i = 0; i < order.Length; i++)
                order[i] = (ulong)(uint)~requests[i].Length << 32 | (uint)i;
            order.Sort();
            // 2. The few that are longer than the lanes can share out are hashed alone, 3. the others abreast.
            var (alone, lanes) = Plan(requests, order);
            foreach (var entry in order[..alone])
                HashOne(requests[(int)(uint)entry]);
            if (alone < order.Length)
                HashAbreast(requests, order[alone..], lanes);
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(rented);
        }
    }

    /// <summary>How many of the longest to take out, and how many lanes to use, by the estimate of what all then costs.</summary>
    private static (int Alone, int Lanes) Plan(ReadOnlySpan<HashRequest> requests, ReadOnlySpan<ulong> order)
    {
        double blocks = 0;
        foreach (ref readonly var request in requests)
            blocks += BlocksOf(request.Length);
        var best = (order.Length, Sha256Kernel.Lanes);
        var bestCost = double.MaxValue;
        double aloneCost = 0;
        for (var i = 0; i <= order.Length; i++)
        {
            var longest = i < order.Length ? BlocksOf(requests[(int)(uint)order[i]].Length) : 0;
            // Lanes are busy as long as the longest message, or as the messages shared out evenly.
            var sixteen = Math.Max(longest, blocks / Sha256Kernel.Lanes) * SixteenPerBlock;
            var eight = Math.Max(longest, blocks / Sha256Kernel8.Lanes) * EightPerBlock;
            var cost = aloneCost + Math.Min(sixteen, eight) + (order.Length - i) * LanesPerMessage;
            if (cost < bestCost)
                (best, bestCost) = ((i, eight < sixteen ? Sha256Kernel8.Lanes : Sha256Kernel.Lanes), cost);
            blocks -= longest;
            aloneCost += longest * SinglePerBlock + SinglePerMessage;
        }
        return best;
    }

    // The padding is a bit, zeros and the length in 64 bits (FIPS 180-4, 5.1.1).
    private static long BlocksOf(int length) => ((long)length + 1 + 8 + BlockSize - 1) / BlockSize;

    private static unsafe void HashOne(in HashRequest request) =>
        *request.Result = ObjectId.Of(new ReadOnlySpan<byte>(request.Data, request.Length));

    /// <summary>Keeps eight or sixteen lanes filled from the queue until it is empty and the last lane is done.</summary>
    internal static unsafe void HashAbreast(ReadOnlySpan<HashRequest> requests, ReadOnlySpan<ulong> queue, int lanes)
    {
        const int most = Sha256Kernel.Lanes;
        var lane = stackalloc Lane[most];
        var state = stackalloc uint[Sha256Kernel.StateWords * most];
        var data = stackalloc byte*[most];
        // The last one or two blocks of each lane's message with its padding.
        var tails = stackalloc byte[most * 2 * BlockSize];
        var next = 0;
        var active = 0;
        for (var i = 0; i < lanes; i++)
        {
            lane[i] = default;
            if (next == queue.Length)
                continue;
            Begin(ref lane[i], requests[(int)(uint)queue[next]], (int)(uint)queue[next++], state + i, tails, i);
            active++;
        }
        while (active > 0)
        {
            // 1. As far as every lane can go.
            nint run = nint.MaxValue;
            byte* idle = null;
            for (var i = 0; i < lanes; i++)
            {
                if (lane[i].Blocks == 0)
                    continue;
                run = Math.Min(run, lane[i].Blocks);
                idle = lane[i].Data;
            }
            // 2. A lane without a message reads along with another; its state is nobody's.
            for (var i = 0; i < lanes; i++)
                data[i] = lane[i].Blocks == 0 ? idle : lane[i].Data;
            if (lanes == Sha256Kernel8.Lanes)
                Sha256Kernel8.Compress(state, data, run);
            else
                Sha256Kernel.Compress(state, data, run);
            // 3. Move on: from body to tail, from tail to the next message.
            for (var i = 0; i < lanes; i++)
            {
                ref var current = ref lane[i];
                if (current.Blocks == 0)
                    continue;
                current.Blocks -= run;
                current.Data += run * BlockSize;
                if (current.Blocks > 0)
                    continue;
                if (current.TailBlocks > 0)
                {
                    current.Data = tails + i * 2 * BlockSize;
                    current.Blocks = current.TailBlocks;
                    current.TailBlocks = 0;
                    continue;
                }
                Finish(requests[current.Request], state + i);
                if (next < queue.Length)
                    Begin(ref current, requests[(int)(uint)queue[next]], (int)(uint)queue[next++], state + i, tails, i);
                else
                    active--;
            }
        }
    }

    private static unsafe void Begin(
        ref Lane lane,
        in HashRequest request,
        int index,
        uint* state,
        byte* tails,
        int number
    )
    {
        var start = Sha256Kernel.Start;
        for (var i = 0; i < start.Length; i++)
            state[i * Sha256Kernel.Lanes] = start[i];
        var body = request.Length / BlockSize;
        var rest = request.Length - body * BlockSize;
        var tailBlocks = rest + 1 + 8 > BlockSize ? 2 : 1;
        var tail = new Span<byte>(tails + number * 2 * BlockSize, tailBlocks * BlockSize);
        tail.Clear();
        if (rest > 0)
            new ReadOnlySpan<byte>(request.Data + body * BlockSize, rest).CopyTo(tail);
        tail[rest] = 0x80;
        BinaryPrimitives.WriteUInt64BigEndian(tail[^8..], (ulong)request.Length * 8);
        lane.Request = index;
        if (body > 0)
        {
            lane.Data = request.Data;
            lane.Blocks = body;
            lane.TailBlocks = tailBlocks;
        }
        else
        {
            lane.Data = tails + number * 2 * BlockSize;
            lane.Blocks = tailBlocks;
            lane.TailBlocks = 0;
        }
    }

    private static unsafe void Finish(in HashRequest request, uint* state)
    {
        Span<byte> hash = stackalloc byte[ObjectId.Size];
        for (var i = 0; i < Sha256Kernel.StateWords; i++)
            BinaryPrimitives.WriteUInt32BigEndian(hash[(4 * i)..], state[i * Sha256Kernel.Lanes]);
        *request.Result = new ObjectId(hash);
    }

    /// <summary>What a lane is at: the body of a message, or its tail.</summary>
    private unsafe struct Lane
    {
        public byte* Data;
        public nint Blocks;
        public int TailBlocks;
        public int Request;
    }
}
