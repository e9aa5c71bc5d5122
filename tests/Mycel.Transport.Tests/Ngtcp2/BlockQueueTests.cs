using Mycel.Transport.Buffers;
using Mycel.Transport.Quic.Ngtcp2.Native;

namespace Mycel.Transport.Tests.Ngtcp2;

public class BlockQueueTests
{
    [Fact]
    public unsafe void It_holds_what_a_plain_list_would_and_gives_every_block_back()
    {
        var pool = new PinnedBlockPool();
        NativeVector* pieces = stackalloc NativeVector[3];
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var queue = new BlockQueue(pool);
            var expected = new List<byte>();
            for (int step = 0; step < 60; step++)
            {
                if (random.Next(2) == 0)
                {
                    var data = new byte[random.Next(0, random.Next(2) == 0 ? 100 : 70_000)];
                    random.NextBytes(data);
                    queue.Append(data);
                    expected.AddRange(data);
                }
                else
                {
                    var taken = new byte[random.Next(0, expected.Count + 10)];
                    int count = queue.Take(taken);
                    Assert.Equal(Math.Min(taken.Length, expected.Count), count);
                    Assert.True(taken.AsSpan(0, count).SequenceEqual(expected.Take(count).ToArray()));
                    expected.RemoveRange(0, count);
                }

                Assert.Equal(expected.Count, queue.Length);
                if (expected.Count == 0)
                    continue;
                int offset = random.Next(expected.Count);
                int found = queue.Peek(offset, pieces, 3);
                Assert.InRange(found, 1, 3);
                for (int i = 0; i < found; i++)
                {
                    var piece = new ReadOnlySpan<byte>(pieces[i].Base, (int)pieces[i].Length);
                    Assert.True(piece.SequenceEqual(expected.Skip(offset).Take(piece.Length).ToArray()));
                    offset += piece.Length;
                }
            }

            queue.Clear();
            Assert.Equal(0, pool.Outstanding);
        }
    }
}
