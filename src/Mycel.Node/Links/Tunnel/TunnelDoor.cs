using System.Net;
using System.Net.WebSockets;
using Mycel.Node.Configuration;
using Mycel.Transport;
using Mycel.Transport.Tunnel;

namespace Mycel.Node.Links.Tunnel;

/// <summary>Takes tunnels in over WebSockets: the handshake within, then the link manager has them. Safe for use from several threads.</summary>
internal sealed partial class TunnelDoor(LinkManager links, IOptionsSource options, ILogger<TunnelDoor> logger)
{
    /// <summary>Handshakes under way at once.</summary>
    public const int MaxHandshakes = 64;

    /// <summary>Tunnels beyond the links there may be: strangers, and second ones of a peer.</summary>
    public const int SpareTunnels = 128;

    private int _handshakes;
    private int _tunnels;

    /// <summary>Whether links are taken in at all: once the node belongs to a network or hears another of its account.</summary>
    public bool IsOpen => links.Door is not null;

    /// <summary>Takes a place for a tunnel; every one taken is for <see cref="RunAsync"/>, or to be left again.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _handshakes) > MaxHandshakes)
        {
            Interlocked.Decrement(ref _handshakes);
            return false;
        }
        if (Interlocked.Increment(ref _tunnels) <= options.Current.Links.MaxLinks + SpareTunnels) return true;
        Leave(duringHandshake: true);
        return false;
    }

    /// <summary>Gives a place back that was not used.</summary>
    public void Leave() => Leave(duringHandshake: true);

    /// <summary>Runs the tunnel until it has ended; the place must have been taken.</summary>
    /// <param name="socket">The WebSocket, accepted.</param>
    /// <param name="remote">Where the caller is, as far as it is known.</param>
    /// <param name="gone">Fires when the caller's connection is gone.</param>
    public async Task RunAsync(WebSocket socket, IPEndPoint? remote, CancellationToken gone)
    {
        var duringHandshake = true;
        var carrier = new WebSocketStream(socket);
        try
        {
            var connection = await TunnelConnection.AcceptAsync(carrier, TunnelSettings.For(links.Credentials), remote, gone);
            Interlocked.Decrement(ref _handshakes);
            duringHandshake = false;
            links.AddConnection(connection, Carrier.Tunnel, isDialled: false);
            await using (gone.UnsafeRegister(static state => ((Stream)state!).Dispose(), carrier)) await carrier.Completed;
        }
        catch (Exception failed) when (failed is TransportException or OperationCanceledException)
        {
            LogRefused(remote, failed.Message);
        }
        finally
        {
            await carrier.DisposeAsync();
            Leave(duringHandshake);
        }
    }

    private void Leave(bool duringHandshake)
    {
        if (duringHandshake) Interlocked.Decrement(ref _handshakes);
        Interlocked.Decrement(ref _tunnels);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "a tunnel from {Remote} did not come about: {Reason}")]
    private partial void LogRefused(IPEndPoint? remote, string reason);
}
