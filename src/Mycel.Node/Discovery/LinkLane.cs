using System.Threading.Channels;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Discovery;

/// <summary>Messages to one linked peer: a stream that is opened when there are some, and ended a moment after the last.</summary>
internal sealed class LinkLane
{
    /// <summary>Messages that wait; further ones are dropped.</summary>
    public const int MaxWaiting = 256;

    /// <summary>How long a stream stays for more.</summary>
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    private readonly Channel<ReadOnlyMemory<byte>> _waiting = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Link _link;
    private readonly TimeProvider _time;

    public LinkLane(Link link, TimeProvider time)
    {
        _link = link;
        _time = time;
        _ = Task.Run(RunAsync);
    }

    /// <summary>The link that it is of.</summary>
    public Link Link => _link;

    /// <summary>Sends a message, or drops it.</summary>
    public void Send(ReadOnlyMemory<byte> message) => _waiting.Writer.TryWrite(message);

    /// <summary>Sends nothing more.</summary>
    public void End() => _waiting.Writer.TryComplete();

    private async Task RunAsync()
    {
        while (await _waiting.Reader.WaitToReadAsync())
        {
            try
            {
                await SendAsync();
            }
            catch (Exception lost) when (lost is TransportException or FrameException or RefusedException or ObjectDisposedException or OperationCanceledException)
            {
                // What was to go is lost as datagrams may be. A peer that refuses takes no part.
                while (_waiting.Reader.TryRead(out _))
                {
                }
            }
        }
    }

    private async Task SendAsync()
    {
        await using var stream = await _link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Dht }, CancellationToken.None);
        do
        {
            while (_waiting.Reader.TryRead(out var message)) stream.Writer.Write(FrameKind.Message, message.Span);
            await stream.Writer.FlushAsync();
        }
        while (await IsMoreAsync());
        await stream.Writer.FlushAsync(end: true);
        // Its end says that everything has arrived; only then may the stream go.
        using var limit = new CancellationTokenSource(Linger, _time);
        await stream.ReadMessageAsync(Refusal.Parser, limit.Token);
    }

    private async Task<bool> IsMoreAsync()
    {
        using var limit = new CancellationTokenSource(Linger, _time);
        try
        {
            return await _waiting.Reader.WaitToReadAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
