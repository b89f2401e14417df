using System.Runtime.InteropServices;
using NectarBackup.Engine.Crypto;

namespace NectarBackup.Engine.Tests.Crypto;

public sealed unsafe class Sha256LanesTests
{
    private static void Check(int seed, int[] lengths, int lanes)
    {
        var random = new Random(seed);
        // Each message ends at the end of its own memory plus nothing, at an odd place.
        var total = lengths.Sum(length => (long)length + 3);
        var memory = (byte*)NativeMemory.Alloc((nuint)total + 1);
        var results = (ObjectId*)NativeMemory.AllocZeroed((nuint)lengths.Length + 1, (nuint)sizeof(ObjectId));
        try
        {
            random.NextBytes(new Span<byte>(memory, (int)total));
            var requests = new HashRequest[lengths.Length];
            long offset = 1;
            for (var i = 0; i < lengths.Length; i++)
            {
                requests[i] = new HashRequest(memory + offset, lengths[i], results + i);
                offset += lengths[i] + 3;
            }
            if (lanes > 0)
                Sha256Lanes.HashAbreast(
                    requests,
                    [.. Enumerable.Range(0, lengths.Length).Select(i => (ulong)i)],
                    lanes
                );
            else
                Sha256Lanes.HashMany(requests);
            foreach (var request in requests)
                Assert.Equal(ObjectId.Of(new ReadOnlySpan<byte>(request.Data, request.Length)), *request.Result);
        }
        finally
        {
            NativeMemory.Free(memory);
            NativeMemory.Free(results);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    public void Every_short_length_gives_the_hash_of_the_platform(int lanes)
    {
        if (lanes == 0 || Sha256Kernel.IsSupported)
            Check(1, [.. Enumerable.Range(0, 300)], lanes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    public void Batches_of_any_size_and_mixture_give_the_hashes_of_the_platform(int lanes)
    {
        if (lanes > 0 && !Sha256Kernel.IsSupported)
            return;
        var random = new Random(2);
        foreach (var count in (int[])[0, 1, 2, 3, 5, 15, 16, 17, 31, 33, 100, 700])
        {
            var lengths = new int[count];
            for (var i = 0; i < count; i++)
                lengths[i] = random.Next(8) == 0 ? random.Next(60_000) : random.Next(1500);
            Check(count, lengths, lanes);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(16)]
    public void A_slab_of_chunks_gives_the_hashes_of_the_platform(int lanes)
    {
        if (lanes == 0 || Sha256Kernel.IsSupported)
            Check(3, [1_451_098, 1_035_820, 1_818_146, 698_627, 1_152_066, 4_232_851, 524_288, 524_288, 7, 0], lanes);
    }

    [Fact]
    public void A_request_of_no_bytes_needs_no_memory()
    {
        var results = stackalloc ObjectId[20];
        var requests = new HashRequest[20];
        for (var i = 0; i < requests.Length; i++)
            requests[i] = new HashRequest(null, 0, results + i);
        Sha256Lanes.HashMany(requests);
        for (var i = 0; i < requests.Length; i++)
            Assert.Equal(ObjectId.Of([]), results[i]);
    }
}
