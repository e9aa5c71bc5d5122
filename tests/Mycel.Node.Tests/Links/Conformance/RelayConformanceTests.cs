using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Links.Tunnel;
using Mycel.Node.Links.Wire;
using Mycel.Node.Tests.Links.Tunnel;
using Mycel.Transport;
using Mycel.Transport.Frames;
using Mycel.Transport.Tests;
using Mycel.Transport.Tests.Conformance;
using Mycel.Transport.Tests.Tunnel;

namespace Mycel.Node.Tests.Links.Conformance;

/// <summary>What every carrier of links must do, by tunnels through a third node that carries them as it does for its peers.</summary>
public sealed class RelayConformanceTests() : CarrierConformance(new CarrierProvider("tunnel through a third node", options => new Endpoint(options)))
{
    private static readonly ConcurrentDictionary<int, Endpoint> Endpoints = new();
    private static readonly ConcurrentDictionary<int, Proxy> Proxies = new();

    private protected override IProxy CreateProxy(IPEndPoint server) => new Proxy(server);

    /// <summary>The node in the middle, the same for all.</summary>
    private static class Middle
    {
        private static readonly Lazy<Task<TunnelNode>> Started = new(() => TunnelNode.StartAsync());

        public static Task<TunnelNode> Node => Started.Value;
    }

    /// <summary>A node that is linked with the one in the middle. Where it would listen is a number that others find it by.</summary>
    private sealed class Endpoint(EndpointOptions options) : CarrierEndpoint(options), IStreamHandler
    {
        private TunnelNode _node = null!;
        private IPEndPoint _local = null!;

        public override IPEndPoint LocalEndPoint => _local;

        public Kind Kind => Kind.Relay;

        public override async Task StartAsync()
        {
            _node = await TunnelNode.StartAsync(relay: this);
            var middle = await Middle.Node;
            await _node.Links.ConnectAsync(middle.Id, [middle.Address], Stopped);
            await Exchanges.UntilAsync(() => middle.Links.Find(_node.Id));
            _local = new IPEndPoint(Options.Local.Address, new Uri(_node.Address).Port);
            Endpoints[_local.Port] = this;
        }

        /// <summary>Takes in what the node in the middle brings.</summary>
        public async Task HandleAsync(InboundStream stream)
        {
            stream.Writer.Write(FrameKind.Head, default);
            await stream.Writer.FlushAsync();
            var carrier = new RelayStream(stream);
            await TakeAsync(carrier);
            await carrier.Completed;
        }

        protected override async Task<Stream> DialAsync(IPEndPoint remote, CancellationToken cancellation)
        {
            var proxy = Proxies.GetValueOrDefault(remote.Port);
            if (!Endpoints.TryGetValue(proxy?.Server.Port ?? remote.Port, out var other))
            {
                await Task.Delay(Timeout.Infinite, cancellation);
                throw new InvalidOperationException();
            }
            var exchange = await OpenAsync(other._node.Id, cancellation);
            return proxy is null ? new RelayStream(exchange) : new CuttableStream(new RelayStream(exchange), proxy);
        }

        protected override async ValueTask CloseAsync()
        {
            Endpoints.TryRemove(_local.Port, out _);
            // What the connections said last is under way still, on a link that would end with this node.
            var middle = await Middle.Node;
            for (var i = 0; i < 100 && middle.Relay.CarriedStreams > 0; i++) await Task.Delay(10, CancellationToken.None);
            await _node.DisposeAsync();
        }

        /// <summary>Asks the node in the middle; where all places of this node or the other are taken there, again and again.</summary>
        private async Task<OutboundStream> OpenAsync(PeerId target, CancellationToken cancellation)
        {
            var link = _node.Links.Find((await Middle.Node).Id) ?? throw new TransportException(TransportFailure.Local, 0, "The endpoint was disposed of.");
            while (true)
            {
                var exchange = await link.OpenAsync(new StreamHeader { Version = StreamServer.Version, Kind = Kind.Relay, Relay = new Relay { PeerId = RelayDialer.Bytes(target) } }, cancellation);
                try
                {
                    await exchange.Writer.FlushAsync(cancellation: cancellation);
                    await RelayDialer.ReadAcceptanceAsync(exchange.Reader, cancellation);
                    return exchange;
                }
                catch (Exception failed)
                {
                    exchange.Abort(StreamError.Cancelled);
                    await exchange.DisposeAsync();
                    if (failed is not RefusedException { Refusal.Code: "relay_full" })
                        throw failed is RefusedException or FrameException ? new TransportException(TransportFailure.Timeout, 0, failed.Message, failed) : failed;
                }
                await Task.Delay(5, cancellation);
            }
        }
    }

    /// <summary>An address that leads to another, on a way that can be cut.</summary>
    private sealed class Proxy : IProxy
    {
        private readonly ConcurrentBag<Stream> _held = [];
        private readonly Socket _number = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Proxy(IPEndPoint server)
        {
            Server = server;
            _number.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Proxies[EndPoint.Port] = this;
        }

        public IPEndPoint Server { get; }

        public IPEndPoint EndPoint => (IPEndPoint)_number.LocalEndPoint!;

        public bool IsCut { get; set; }

        /// <summary>While the way is cut, the other end hears of no end: the stream is closed with the proxy.</summary>
        public bool Holds(Stream ended)
        {
            if (IsCut) _held.Add(ended);
            return IsCut;
        }

        public void Dispose()
        {
            IsCut = false;
            foreach (var ended in _held) ended.Dispose();
            Proxies.TryRemove(EndPoint.Port, out _);
            _number.Dispose();
        }
    }

    /// <summary>Loses all that is written and all that comes while it is cut.</summary>
    private sealed class CuttableStream(Stream inner, Proxy proxy) : CarrierStream
    {
        private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var count = await ReadInnerAsync(buffer, cancellationToken);
                if (!proxy.IsCut) return count;
                if (count > 0) continue;
                // Who is cut off hears of no end either.
                await _disposed.Task.WaitAsync(cancellationToken);
                return 0;
            }
        }

        private async ValueTask<int> ReadInnerAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            try
            {
                return await inner.ReadAsync(buffer, cancellation);
            }
            catch (Exception) when (proxy.IsCut && !cancellation.IsCancellationRequested)
            {
                return 0;
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            proxy.IsCut ? default : inner.WriteAsync(buffer, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            _disposed.TrySetResult();
            if (disposing && !proxy.Holds(inner)) inner.Dispose();
            base.Dispose(disposing);
        }

        public override async ValueTask DisposeAsync()
        {
            _disposed.TrySetResult();
            if (!proxy.Holds(inner)) await inner.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
