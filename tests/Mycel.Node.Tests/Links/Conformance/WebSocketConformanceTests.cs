using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Mycel.Node.Links.Tunnel;
using Mycel.Transport;
using Mycel.Transport.Tests.Conformance;
using Mycel.Transport.Tests.Tunnel;
using WebSocketStream = Mycel.Node.Links.Tunnel.WebSocketStream;

namespace Mycel.Node.Tests.Links.Conformance;

/// <summary>What every carrier of links must do, by tunnels over WebSockets to a web server as the node has it.</summary>
public sealed class WebSocketConformanceTests() : CarrierConformance(new CarrierProvider("tunnel over a WebSocket", options => new Endpoint(options)))
{
    private sealed class Endpoint(EndpointOptions options) : CarrierEndpoint(options)
    {
        private WebApplication _app = null!;
        private IPEndPoint _local = null!;

        public override IPEndPoint LocalEndPoint => _local;

        public override async Task StartAsync()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(Options.Local));
            _app = builder.Build();
            _app.UseWebSockets();
            _app.Run(TakeAsync);
            await _app.StartAsync(Stopped);
            var port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
            _local = new IPEndPoint(Options.Local.Address, port);
        }

        protected override async Task<Stream> DialAsync(IPEndPoint remote, CancellationToken cancellation)
        {
            var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol(TunnelSettings.Subprotocol);
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            try
            {
                await socket.ConnectAsync(new Uri($"ws://{remote}{TunnelSettings.Path}"), cancellation);
            }
            catch (Exception failed)
            {
                socket.Dispose();
                cancellation.ThrowIfCancellationRequested();
                throw failed is WebSocketException ? new TransportException(TransportFailure.Timeout, 0, "Nobody answers.", failed) : failed;
            }
            return new WebSocketStream(socket);
        }

        protected override async ValueTask CloseAsync() => await _app.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync(TunnelSettings.Subprotocol);
            var carrier = new WebSocketStream(socket);
            await TakeAsync(carrier);
            // As the node has it: the tunnel ends with the connection that carries it.
            await using (context.RequestAborted.UnsafeRegister(static state => ((Stream)state!).Dispose(), carrier)) await carrier.Completed;
        }
    }
}
