using System.Buffers;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Peers;
using Mycel.Node.Tests.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Tests.Peers;

public sealed class PeerReplyChannelTests
{
    [Fact]
    public async Task What_is_written_for_a_peer_that_takes_nothing_more_does_not_pile_up()
    {
        var refusing = new RefusingStream();
        using var peer = new TestPeer(TimeProvider.System);
        var link = new Link(new LinkConnection(null!, peer.Proven, Carrier.Quic, isDialled: false), prefersOwnDial: true, TimeProvider.System);
        await using var stream = new InboundStream(link, refusing, new FrameReader(refusing), new StreamHeader());
        var told = 0;
        var channel = new PeerReplyChannel(stream) { Gone = () => told++ };
        var piece = new byte[64 * 1024];

        for (var i = 0; i < 100; i++)
        {
            channel.Body.Write(piece);
            await channel.FlushAsync();
            Assert.Equal(0, stream.Writer.PendingBytes);
        }
        await channel.FinishAsync(null);

        Assert.Equal((1, 1, 0), (told, refusing.Writes, stream.Writer.PendingBytes));
    }

    /// <summary>A stream whose peer has stopped reading.</summary>
    private sealed class RefusingStream : ITransportStream
    {
        public int Writes { get; private set; }

        public long Id => 0;

        public Task WritesClosed { get; } = Task.CompletedTask;

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default) => new(0);

        public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default)
        {
            Writes++;
            throw new TransportException(TransportFailure.Application, 1, "the peer stopped reading");
        }

        public void AbortRead(long code)
        {
        }

        public void AbortWrite(long code)
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
