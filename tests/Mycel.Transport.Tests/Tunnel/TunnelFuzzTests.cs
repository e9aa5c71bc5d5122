using System.Buffers.Binary;
using System.Net;
using Mycel.Transport.Buffers;
using Mycel.Transport.Tunnel;

namespace Mycel.Transport.Tests.Tunnel;

/// <summary>Whatever bytes come: the parser finds a frame, waits, or refuses; and a connection that is fed them holds no more than it granted.</summary>
public sealed class TunnelFuzzTests
{
    [Fact]
    public void A_million_inputs_are_frames_incomplete_or_refused()
    {
        var random = new Random(1);
        var bytes = new byte[512];
        int whole = 0, waiting = 0, refused = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            Span<byte> input = bytes.AsSpan(0, random.Next(bytes.Length));
            random.NextBytes(input);
            // Most are nearly frames.
            if (input.Length >= TunnelFrame.HeaderBytes && random.Next(8) != 0)
            {
                input[0] = (byte)random.Next(15);
                BinaryPrimitives.WriteUInt16BigEndian(input[1..], (ushort)(random.Next(20) == 0 ? random.Next() : 0));
                if (random.Next(2) == 0)
                    input[3] = (byte)(random.Next(3) * 8);
                BinaryPrimitives.WriteInt64BigEndian(input[4..], random.Next(4) == 0 ? random.NextInt64() : 0);
            }

            int length = TunnelFrame.Read(input, out TunnelFrame frame, out string? problem);

            Assert.InRange(length, 0, input.Length);
            if (length > 0)
            {
                Assert.Null(problem);
                Assert.Equal(length, TunnelFrame.HeaderBytes + frame.Payload.Length);
                Assert.InRange(frame.Stream, 0, TunnelFrame.MaxNumber);
                whole++;
            }
            else if (problem is null)
            {
                waiting++;
            }
            else
            {
                refused++;
            }
        }

        Assert.True(whole > 50_000 && waiting > 10_000 && refused > 50_000, $"{whole} whole, {waiting} incomplete, {refused} refused");
    }

    [Fact]
    public async Task A_connection_that_is_fed_any_frames_holds_no_more_than_it_granted()
    {
        EndpointOptions options = RawPeer.Options with { MaxStreams = 8, StreamWindowBytes = 16 << 10, ConnectionWindowBytes = 64 << 10 };
        var random = new Random(2);
        var blocks = new PinnedBlockPool();
        var input = new byte[64 << 10];
        int broken = 0, whole = 0;
        for (int i = 0; i < 20_000; i++)
        {
            var connection = new TunnelConnection(new Blackhole(), [], isDialler: false, options, new IPEndPoint(IPAddress.Loopback, 1), TimeProvider.System, blocks);
            connection.Feed(RawPeer.HelloFrame(new TunnelHello(1 << 20, 1 << 20, 100)));
            int opened = 0;
            for (int piece = 0; piece < 4; piece++)
                connection.Feed(input.AsSpan(0, FillWithFrames(input, random, ref opened, isTame: i % 2 == 0 || piece < i % 4)));
            // Full blocks of what was granted, and one more for each stream and direction.
            Assert.InRange(blocks.Outstanding, 0, 2 + (2 * options.MaxStreams) + 32);
            Assert.InRange(connection.ReadStatistics().OpenStreams, 0, options.MaxStreams);
            if (connection.Closed.IsCompleted)
                broken++;
            else
                whole++;
            await connection.DisposeAsync();
            while (await connection.AcceptStreamAsync() is { } stream)
                await stream.DisposeAsync();
            Assert.Equal(0, blocks.Outstanding);
        }

        Assert.True(broken > 100 && whole > 100, $"{broken} broken, {whole} whole");
    }

    /// <summary>
    /// Frames of which most are well-formed, and for few streams, so that their states meet. Tame inputs are what an honest peer could say.
    /// </summary>
    private static int FillWithFrames(Span<byte> input, Random random, ref int opened, bool isTame)
    {
        int used = 0;
        for (int count = random.Next(1, 12); count > 0; count--)
        {
            var type = isTame ? random.Next(4) == 0 ? TunnelFrameType.Ping : TunnelFrameType.Data : (TunnelFrameType)random.Next(2, 12);
            bool ofStream = type is >= TunnelFrameType.Data and <= TunnelFrameType.StreamWindow;
            int stream = random.Next(Math.Min(opened + 1, 6));
            if (ofStream)
                opened = Math.Max(opened, stream + 1);
            int length = type switch
            {
                TunnelFrameType.Data => random.Next(1, isTame ? 300 : 3000),
                TunnelFrameType.Last => random.Next(2000),
                TunnelFrameType.Done => 0,
                _ => 8,
            };
            if (!isTame && random.Next(200) == 0)
                length = random.Next(40);
            TunnelFrame.WriteHeader(input[used..], type, ofStream ? 2 * stream : 0, length);
            used += TunnelFrame.HeaderBytes;
            random.NextBytes(input.Slice(used, length));
            if (length == 8)
                BinaryPrimitives.WriteInt64BigEndian(input[used..], random.Next(1 << 22));
            used += length;
        }

        return used;
    }

    /// <summary>Takes everything and says nothing.</summary>
    private sealed class Blackhole : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
        }
    }
}
