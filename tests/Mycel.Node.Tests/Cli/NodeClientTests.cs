using System.Net.Sockets;
using System.Text.Json;
using Mycel.Node.Cli;
using Mycel.Node.Cli.Client;

namespace Mycel.Node.Tests.Cli;

public sealed class NodeClientTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly ScratchFolder _folder = new();

    private string Socket => _folder.File("control.sock");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_control_socket_answers_json()
    {
        await using StubServer server = await StubServer.OnSocketAsync(Socket, StubServer.Json(200, """{"version":"1.2.3","state":"ready","uptime_s":61}"""));
        using NodeClient node = new(server.Address, Patience);
        NodeStatusReply status = await node.GetAsync("v1/node/status", ClientJson.Default.NodeStatusReply, TestContext.Current.CancellationToken);
        Assert.Equal(("1.2.3", "ready", 61), (status.Version, status.State, status.UptimeS));
    }

    [Fact]
    public async Task Without_a_socket_no_node_is_running()
    {
        NodeClientException error = await FailAsync(NodeAddress.OfSocket(Socket));
        Assert.Equal((ExitCode.NotRunning, "No node is running here. Start one with: mycel serve"), (error.ExitCode, error.Message));
    }

    [Fact]
    public async Task A_socket_left_behind_by_a_killed_node_means_the_same()
    {
        using (System.Net.Sockets.Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(Socket));
            socket.Listen();
        }

        if (!File.Exists(Socket)) await File.WriteAllBytesAsync(Socket, [], TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.NotRunning, (await FailAsync(NodeAddress.OfSocket(Socket))).ExitCode);
    }

    [Fact]
    public async Task An_address_where_nobody_listens_is_named()
    {
        int port;
        using (TcpListener listener = new(System.Net.IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        }

        NodeClientException error = await FailAsync(NodeAddress.OfEndpoint($"127.0.0.1:{port}", null));
        Assert.Equal(ExitCode.NotRunning, error.ExitCode);
        Assert.StartsWith($"No node answers at http://127.0.0.1:{port}.", error.Message);
    }

    [Fact]
    public async Task An_error_envelope_gives_its_message()
    {
        await using StubServer server = await StubServer.OnSocketAsync(
            Socket, StubServer.Json(409, """{"error":{"message":"gpu1 is named in mycel.yaml, line 3.","type":"invalid_request_error","param":null,"code":"x"}}"""));
        NodeClientException error = await FailAsync(server.Address);
        Assert.Equal((ExitCode.Failed, "gpu1 is named in mycel.yaml, line 3."), (error.ExitCode, error.Message));
    }

    [Theory]
    [InlineData(null, "--key or MYCEL_API_KEY")]
    [InlineData("mycel-x", "Check --key or MYCEL_API_KEY.")]
    public async Task A_missing_or_wrong_key_is_a_refusal_with_the_remedy(string? key, string remedy)
    {
        await using StubServer server = await StubServer.OnPortAsync(
            StubServer.Json(401, """{"error":{"message":"A key is needed","code":"invalid_api_key"}}"""), key);
        NodeClientException error = await FailAsync(server.Address);
        Assert.Equal(ExitCode.Refused, error.ExitCode);
        Assert.StartsWith("A key is needed. ", error.Message);
        Assert.Contains(remedy, error.Message);
    }

    [Fact]
    public async Task A_key_without_the_right_is_a_refusal()
    {
        await using StubServer server = await StubServer.OnPortAsync(
            StubServer.Json(403, """{"error":{"message":"This key is for inference only.","code":"insufficient_scope"}}"""));
        NodeClientException error = await FailAsync(server.Address);
        Assert.Equal((ExitCode.Refused, "This key is for inference only."), (error.ExitCode, error.Message));
    }

    [Fact]
    public async Task The_key_is_presented_and_a_path_is_kept()
    {
        string? seen = null, path = null;
        await using StubServer server = await StubServer.OnPortAsync(
            context =>
            {
                (seen, path) = (context.Request.Headers.Authorization, context.Request.Path);
                return StubServer.Json(200, "{}")(context);
            },
            "mycel-secret");
        using NodeClient node = new(NodeAddress.OfEndpoint($"{server.Address.BaseAddress}prefix/v1/", "mycel-secret"), Patience);
        await node.GetAsync("v1/models", TestContext.Current.CancellationToken);
        Assert.Equal(("Bearer mycel-secret", "/prefix/v1/models"), (seen, path));
    }

    [Theory]
    [InlineData("<html>Welcome to nginx</html>", "Is it a Mycel node?")]
    [InlineData("[1]", "a form this mycel")]
    [InlineData("""{"uptime_s":"long"}""", "a form this mycel")]
    [InlineData("""{"requests":null}""", "a form this mycel")]
    public async Task An_answer_that_is_none_is_told(string body, string said)
    {
        await using StubServer server = await StubServer.OnSocketAsync(Socket, StubServer.Json(200, body));
        using NodeClient node = new(server.Address, Patience);
        NodeClientException error = await Assert.ThrowsAsync<NodeClientException>(
            () => node.GetAsync("v1/node/status", ClientJson.Default.NodeStatusReply, TestContext.Current.CancellationToken));
        Assert.Contains(said, error.Message);
    }

    [Fact]
    public async Task Another_kind_of_server_is_recognised()
    {
        await using StubServer server = await StubServer.OnPortAsync(StubServer.Json(404, """{"detail":"Not Found"}"""));
        NodeClientException error = await FailAsync(server.Address);
        Assert.Contains("has no /v1/node/status. Is it a Mycel node", error.Message);
    }

    [Fact]
    public async Task A_node_that_hangs_is_not_waited_for_for_ever()
    {
        await using StubServer server = await StubServer.OnSocketAsync(Socket, context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using NodeClient node = new(server.Address, TimeSpan.FromMilliseconds(50));
        NodeClientException error = await Assert.ThrowsAsync<NodeClientException>(() => node.GetAsync("v1/node/status", TestContext.Current.CancellationToken));
        Assert.Contains("did not answer within", error.Message);
    }

    [Fact]
    public async Task An_endless_answer_is_not_kept()
    {
        await using StubServer server = await StubServer.OnSocketAsync(Socket, async context =>
        {
            byte[] block = new byte[1 << 20];
            for (int i = 0; i <= NodeClient.MaxAnswerBytes / block.Length; i++) await context.Response.Body.WriteAsync(block, context.RequestAborted);
        });
        NodeClientException error = await FailAsync(server.Address);
        Assert.Contains("larger than 64 MB", error.Message);
    }

    [Theory]
    [InlineData("ftp://x")]
    [InlineData("http://")]
    [InlineData("")]
    public void An_endpoint_that_is_no_address_is_a_usage_error(string endpoint) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<NodeClientException>(() => NodeAddress.OfEndpoint(endpoint, null)).ExitCode);

    [Theory]
    [InlineData("""{"error":{"message":"m","code":"c"}}""", "m", "c")]
    [InlineData("""{"error":"text"}""", "text", null)]
    [InlineData("""{"error":{}}""", "The server reported an error without saying which.", null)]
    [InlineData("""{"choices":[]}""", null, null)]
    [InlineData("[]", null, null)]
    public void Error_envelopes_of_all_sorts_are_read(string json, string? message, string? code)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal((message, code), NodeErrors.ReadEnvelope(document.RootElement));
    }

    private static async Task<NodeClientException> FailAsync(NodeAddress address)
    {
        using NodeClient node = new(address, Patience);
        return await Assert.ThrowsAsync<NodeClientException>(() => node.GetAsync("v1/node/status", TestContext.Current.CancellationToken));
    }
}
