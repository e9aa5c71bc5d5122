using System.Net;
using System.Net.Sockets;

namespace Mycel.Transport.Tests.Conformance;

public abstract partial class TransportConformance
{
    [Fact]
    public async Task Both_ends_see_each_others_certificate_and_address()
    {
        TransportCredentials server = Certificates.Create("server"), client = Certificates.Create("client");
        byte[]? seenByServer = null, seenByClient = null;

        await using Pair pair = await ConnectAsync(
            Defaults with { Credentials = server, Validator = der => Note(out seenByServer, der) },
            Defaults with { Credentials = client, Validator = der => Note(out seenByClient, der) });

        Assert.Equal(client.Certificate.RawData, pair.Accepted.PeerCertificate.ToArray());
        Assert.Equal(server.Certificate.RawData, pair.Dialled.PeerCertificate.ToArray());
        Assert.Equal(client.Certificate.RawData, seenByServer);
        Assert.Equal(server.Certificate.RawData, seenByClient);
        Assert.Equal(pair.Server.LocalEndPoint, pair.Dialled.RemoteEndPoint);
        Assert.False(pair.Dialled.Closed.IsCompleted);

        static string? Note(out byte[] seen, ReadOnlySpan<byte> der)
        {
            seen = der.ToArray();
            return null;
        }
    }

    [Fact]
    public async Task A_client_that_the_server_refuses_is_told_and_never_accepted()
    {
        await using ITransportEndpoint server = await BindAsync(Defaults with { Validator = _ => "a stranger" });
        await using ITransportEndpoint client = await BindAsync();
        Task<ITransportConnection> accept = server.AcceptAsync().AsTask();

        TransportException error = await DialFailsAsync(client, server);

        Assert.True(error.Kind is TransportFailure.Refused or TransportFailure.Tls, error.ToString());
        Assert.False(accept.IsCompleted);
    }

    [Fact]
    public async Task A_server_that_the_client_refuses_is_left_with_the_reason_shown()
    {
        await using ITransportEndpoint server = await BindAsync();
        await using ITransportEndpoint client = await BindAsync(Defaults with { Validator = _ => "not the node I meant" });
        Task<ITransportConnection> accept = server.AcceptAsync().AsTask();

        TransportException error = await DialFailsAsync(client, server);

        Assert.Equal(TransportFailure.Refused, error.Kind);
        Assert.Contains("not the node I meant", error.Message, StringComparison.Ordinal);
        Assert.False(accept.IsCompleted);
    }

    [Fact]
    public async Task A_validator_that_throws_refuses()
    {
        await using ITransportEndpoint server = await BindAsync();
        await using ITransportEndpoint client = await BindAsync(Defaults with { Validator = _ => throw new InvalidOperationException("broken") });

        TransportException error = await DialFailsAsync(client, server);

        Assert.Equal(TransportFailure.Refused, error.Kind);
    }

    [Fact]
    public async Task A_client_without_certificate_is_refused()
    {
        bool asked = false;
        await using ITransportEndpoint server = await BindAsync(Defaults with { Validator = _ => { asked = true; return null; } });
        await using ITransportEndpoint client = await BindAsync(Defaults with { WithholdCertificate = true });
        Task<ITransportConnection> accept = server.AcceptAsync().AsTask();

        TransportException error = await DialFailsAsync(client, server);

        Assert.True(error.Kind is TransportFailure.Refused or TransportFailure.Tls, error.ToString());
        Assert.False(asked);
        Assert.False(accept.IsCompleted);
    }

    [Fact]
    public async Task Another_protocol_is_refused()
    {
        await using ITransportEndpoint server = await BindAsync();
        await using ITransportEndpoint client = await BindAsync(Defaults with { Alpn = "mycel/99" });
        Task<ITransportConnection> accept = server.AcceptAsync().AsTask();

        TransportException error = await DialFailsAsync(client, server);

        Assert.Equal(TransportFailure.Tls, error.Kind);
        Assert.False(accept.IsCompleted);
    }

    [Fact]
    public async Task Where_nobody_answers_connecting_times_out()
    {
        using Socket silent = BindSilent();
        await using ITransportEndpoint client = await BindAsync(Defaults with { HandshakeTimeout = TimeSpan.FromMilliseconds(300) });

        TransportException error = await FailsAsync(() => client.ConnectAsync((IPEndPoint)silent.LocalEndPoint!).AsTask());

        Assert.Equal(TransportFailure.Timeout, error.Kind);
    }

    [Fact]
    public async Task Connecting_can_be_cancelled()
    {
        using Socket silent = BindSilent();
        await using ITransportEndpoint client = await BindAsync();
        using var cancellation = new CancellationTokenSource(50);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => client.ConnectAsync((IPEndPoint)silent.LocalEndPoint!, cancellation.Token).AsTask().WaitAsync(Timeouts.Limit));
    }

    [Fact]
    public async Task New_credentials_are_for_new_connections()
    {
        TransportCredentials first = Certificates.Create("first"), second = Certificates.Create("second");
        await using Pair pair = await ConnectAsync(Defaults with { Credentials = first }, Defaults);
        _ = pair.Accepted.EchoAsync();

        pair.Server.UpdateCredentials(second);
        GC.Collect();
        Task<ITransportConnection> accept = pair.Server.AcceptAsync(Timeouts.Token()).AsTask();
        ITransportConnection later = await pair.Client.ConnectAsync(pair.Server.LocalEndPoint, Timeouts.Token());
        _ = (await accept).EchoAsync();

        Assert.Equal(first.Certificate.RawData, pair.Dialled.PeerCertificate.ToArray());
        Assert.Equal(second.Certificate.RawData, later.PeerCertificate.ToArray());
        Assert.Equal("old"u8.ToArray(), await pair.Dialled.AskAsync("old"u8.ToArray(), Timeouts.Token()));
        Assert.Equal("new"u8.ToArray(), await later.AskAsync("new"u8.ToArray(), Timeouts.Token()));
    }

    [Theory]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    public async Task IPv6_and_IPv4_are_served(string bound, string dialled)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using ITransportEndpoint server = await BindAsync(Defaults with { Local = new IPEndPoint(IPAddress.Parse(bound), 0) });
        await using ITransportEndpoint client = await BindAsync(Defaults with { Local = new IPEndPoint(IPAddress.IPv6Any, 0) });
        Task<ITransportConnection> accept = server.AcceptAsync(Timeouts.Token()).AsTask();
        var address = new IPEndPoint(IPAddress.Parse(dialled), server.LocalEndPoint.Port);

        ITransportConnection connection = await client.ConnectAsync(address, Timeouts.Token());
        _ = (await accept).EchoAsync();

        Assert.Equal(address, connection.RemoteEndPoint);
        Assert.Equal("hello"u8.ToArray(), await connection.AskAsync("hello"u8.ToArray(), Timeouts.Token()));
    }
}
