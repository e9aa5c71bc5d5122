using System.Net;

namespace Mycel.Transport.Tests;

/// <summary>Two endpoints and a connection between them.</summary>
internal sealed class Pair : IAsyncDisposable
{
    private Pair(ITransportEndpoint server, ITransportEndpoint client, ITransportConnection accepted, ITransportConnection dialled)
    {
        Server = server;
        Client = client;
        Accepted = accepted;
        Dialled = dialled;
    }

    public ITransportEndpoint Server { get; }

    public ITransportEndpoint Client { get; }

    public ITransportConnection Accepted { get; }

    public ITransportConnection Dialled { get; }

    public static async Task<Pair> ConnectAsync(ITransportEndpoint server, ITransportEndpoint client, IPEndPoint? through = null)
    {
        Task<ITransportConnection> accept = server.AcceptAsync(Timeouts.Token()).AsTask();
        ITransportConnection dialled = await client.ConnectAsync(through ?? server.LocalEndPoint, Timeouts.Token());
        return new Pair(server, client, await accept, dialled);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
    }
}
