using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Doctor;
using Mycel.Node.Configuration;

namespace Mycel.Node.Tests.Cli;

public sealed class DoctorTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_private_data_folder_is_well_and_an_open_one_is_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes");
        Assert.Equal(DoctorStatus.Ok, LocalChecks.DataFolder(_folder.Path).Status);
        Assert.Equal(DoctorStatus.Ok, LocalChecks.DataFolder(_folder.File("to/be/made")).Status);
        SetMode(_folder.Path, (UnixFileMode)0b111_101_101);
        DoctorCheck open = LocalChecks.DataFolder(_folder.Path);
        Assert.Equal((DoctorStatus.Failed, $"chmod 700 {_folder.Path}"), (open.Status, open.Remedy));
    }

    [Fact]
    public void A_key_file_that_others_can_read_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes");
        string key = _folder.File("device.key");
        File.WriteAllText(key, "x");
        SetMode(key, (UnixFileMode)0b110_100_100);
        Assert.Equal($"chmod 600 {key}", LocalChecks.DataFolder(_folder.Path).Remedy);
    }

    [Fact]
    public void A_port_in_use_is_told_and_one_held_by_the_node_is_well()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Assert.Equal(DoctorStatus.Failed, LocalChecks.Port("127.0.0.1", port, null).Status);
        Assert.Equal(DoctorStatus.Ok, LocalChecks.Port("127.0.0.1", port, new NodeStatusReply { Endpoint = $"http://127.0.0.1:{port}" }).Status);
        listener.Stop();
        Assert.Equal(DoctorStatus.Ok, LocalChecks.Port("127.0.0.1", port, null).Status);
    }

    [Fact]
    public void Links_are_told_with_their_port_and_what_keeps_them_from_being()
    {
        var well = LinkChecks.OfNode(new() { Listening = "[::]:8421", Provider = "ngtcp2", Addresses = ["192.0.2.1:8421"], Networks = 1, PeersLinked = 2, PeersKnown = 3 }).ToList();
        var alone = LinkChecks.OfNode(new() { Listening = "[::]:8421", Provider = "ngtcp2", Networks = 1, PeersKnown = 3 }).ToList();
        var tunnels = LinkChecks.OfNode(new() { Problem = "no library is there", Networks = 1 }).ToList();

        Assert.All(well, check => Assert.Equal(DoctorStatus.Ok, check.Status));
        Assert.Contains("UDP [::]:8421 by ngtcp2; others are told: 192.0.2.1:8421", well[0].Detail, StringComparison.Ordinal);
        Assert.Contains("2 of 3 other nodes linked", well[1].Detail, StringComparison.Ordinal);
        Assert.Equal((DoctorStatus.Warning, "See why with: mycel peers"), (alone[1].Status, alone[1].Remedy));
        Assert.Equal(DoctorStatus.Warning, tunnels[0].Status);
        Assert.Contains("no library is there", tunnels[0].Detail, StringComparison.Ordinal);
        Assert.Equal(DoctorStatus.Ok, Assert.Single(LinkChecks.OfNode(new())).Status);
        Assert.Equal(DoctorStatus.Ok, Assert.Single(LinkChecks.OfLibraries(new() { Provider = "none" })).Status);
    }

    [Fact]
    public void The_local_network_is_told_with_what_keeps_nodes_from_being_found()
    {
        Assert.Contains("1 other node of your account heard", LanChecks.OfNode(new(2, 1)).Detail, StringComparison.Ordinal);
        Assert.Contains("no other node", LanChecks.OfNode(new(1)).Detail, StringComparison.Ordinal);
        Assert.Contains("is on none", LanChecks.OfNode(new()).Detail, StringComparison.Ordinal);
        Assert.Contains("switched off", LanChecks.OfNode(new(WhyNot: "it is switched off")).Detail, StringComparison.Ordinal);
        Assert.Equal(DoctorStatus.Warning, LanChecks.OfNode(new(Problem: "UDP port 8423 cannot be had")).Status);
    }

    [Fact]
    public void The_table_of_peers_is_told_with_what_keeps_it_from_being_of_use()
    {
        DoctorCheck well = TableChecks.Of(new() { Running = true, Port = 8422, Contacts = 19, EstimatedNodes = 21.4 }, linked: 3);
        Assert.Equal(DoctorStatus.Ok, well.Status);
        Assert.Contains("19 nodes known, about 21 in all, UDP port 8422", well.Detail, StringComparison.Ordinal);
        Assert.Contains("--no-dht", TableChecks.Of(new() { Problem = "it is switched off by --no-dht" }, linked: 3).Detail, StringComparison.Ordinal);
        Assert.Equal(DoctorStatus.Ok, TableChecks.Of(new() { Running = true, Port = 8422 }, linked: 0).Status);
        Assert.Equal(DoctorStatus.Warning, TableChecks.Of(new() { Running = true, Port = 8422 }, linked: 1).Status);
        Assert.Contains("dht.port", TableChecks.Of(new() { Running = true, Contacts = 3 }, linked: 3).Remedy, StringComparison.Ordinal);
        Assert.Equal(DoctorStatus.Ok, TableChecks.Of(new() { Running = true, Passive = true, Port = 8422, Contacts = 3 }, linked: 3).Status);
    }

    [Theory]
    [InlineData(5, DoctorStatus.Ok)]
    [InlineData(-29, DoctorStatus.Ok)]
    [InlineData(31, DoctorStatus.Warning)]
    [InlineData(-4_000, DoctorStatus.Warning)]
    public void Clocks_far_apart_are_a_warning(int seconds, object status) =>
        Assert.Equal(status, LocalChecks.Clock([new DateHeader("a", TimeSpan.Zero), new DateHeader("b", TimeSpan.FromSeconds(seconds))]).Status);

    [Fact]
    public async Task A_device_that_generates_is_well_and_its_clock_is_read()
    {
        (DoctorCheck check, List<DateHeader> dates) = await CheckAsync(Device("""{"choices":[]}"""));
        Assert.Equal(DoctorStatus.Ok, check.Status);
        Assert.Contains("has 2 models; chatty answered in", check.Detail);
        Assert.True(Assert.Single(dates).Skew.Duration() < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_device_that_only_embeds_is_well_too() =>
        Assert.Equal(DoctorStatus.Ok, (await CheckAsync(Device(null, """{"data":[]}"""))).Check.Status);

    [Fact]
    public async Task A_device_that_only_lists_models_is_not()
    {
        (DoctorCheck check, _) = await CheckAsync(Device(null));
        Assert.Equal(DoctorStatus.Failed, check.Status);
        Assert.Contains("chatty does not answer: out of memory", check.Detail);
    }

    [Fact]
    public async Task A_device_that_is_away_is_told()
    {
        int port;
        using (TcpListener listener = new(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        DoctorCheck check = await CheckAsync($"http://127.0.0.1:{port}", []);
        Assert.Equal((DoctorStatus.Failed, $"http://127.0.0.1:{port} does not answer"), (check.Status, check.Detail));
    }

    [Fact]
    public async Task Through_the_node_each_device_is_asked_for_one_token()
    {
        List<string> asked = [];
        await using StubServer node = await StubServer.OnPortAsync(async context =>
        {
            string path = context.Request.Path;
            if (path == "/v1/node/relay/refresh")
            {
                await StubServer.Json(200, """
                    {"relays":[{"url":"http://127.0.0.1:1","name":"a","online":true,"models":["relay:nomic-embed","relay:chatty"]},
                               {"url":"http://127.0.0.1:2","name":"b","online":false,"last_error":"refused"}]}
                    """)(context);
                return;
            }

            asked.Add(await new StreamReader(context.Request.Body).ReadToEndAsync());
            await StubServer.Json(200, """{"choices":[]}""")(context);
        });
        using RelayProbe probe = new(TimeProvider.System);
        using NodeClient client = new(node.Address, TimeSpan.FromSeconds(20));
        List<DoctorCheck> checks = [];
        await foreach (DoctorCheck check in new RelayChecks(probe, [], _ => { }).ThroughNodeAsync(client, servesOwn: false, TestContext.Current.CancellationToken)) checks.Add(check);
        Assert.Equal([DoctorStatus.Ok, DoctorStatus.Failed], checks.Select(check => check.Status));
        Assert.Contains("mycel relay remove b", checks[1].Remedy);
        Assert.Contains("\"model\":\"relay:a:chatty\"", Assert.Single(asked));
        Assert.Contains("\"max_tokens\":1", asked[0]);
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, mode);
    }

    private static Func<HttpContext, Task> Device(string? chat, string? embeddings = null) => context => (string)context.Request.Path! switch
    {
        "/v1/models" => StubServer.Json(200, """{"data":[{"id":"nomic-embed"},{"id":"chatty"}]}""")(context),
        "/v1/chat/completions" when chat is not null => StubServer.Json(200, chat)(context),
        "/v1/embeddings" when embeddings is not null => StubServer.Json(200, embeddings)(context),
        _ => StubServer.Json(500, """{"error":{"message":"out of memory"}}""")(context),
    };

    private static async Task<(DoctorCheck Check, List<DateHeader> Dates)> CheckAsync(Func<HttpContext, Task> device)
    {
        await using StubServer server = await StubServer.OnPortAsync(device);
        List<DateHeader> dates = [];
        return (await CheckAsync(server.Address.BaseAddress.ToString().TrimEnd('/'), dates), dates);
    }

    private static async Task<DoctorCheck> CheckAsync(string url, List<DateHeader> dates)
    {
        using RelayProbe probe = new(TimeProvider.System);
        RelayChecks checks = new(probe, dates, _ => { });
        List<DoctorCheck> results = [];
        await foreach (DoctorCheck check in checks.DirectlyAsync([new RelayEntryOptions { Url = url }], TestContext.Current.CancellationToken)) results.Add(check);
        return Assert.Single(results);
    }
}
