using Mycel.Node.Links.Wire;

namespace Mycel.Node.Tests.Admin;

public class NetworkEndpointTests
{
    [Fact]
    public async Task A_network_is_founded_listed_shown_and_left()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");

        var made = await anna.AskAsync("POST", "/v1/node/networks", """{"name":" friends "}""");
        var listed = (await anna.AskAsync("GET", "/v1/node/networks"))["networks"]![0]!;
        var id = (string)made["id"]!;
        var shown = await anna.AskAsync("GET", "/v1/node/networks/" + id[..6]);
        var left = await anna.AskAsync("DELETE", "/v1/node/networks/Friends");

        Assert.Equal(made.ToJsonString(), listed.ToJsonString());
        Assert.Equal(("friends", true, true, false), ((string)made["name"]!, (bool)made["is_root"]!, (bool)made["may_invite"]!, (bool)made["public"]!));
        Assert.True(made.AsObject().ContainsKey("models") && made["models"] is null);
        Assert.Null(made["members"]);
        var member = Assert.Single(shown["members"]!.AsArray())!;
        Assert.Equal(("anna", true), ((string)member["name"]!, (bool)member["this"]!));
        Assert.Equal(("left", id), ((string)left["status"]!, (string)left["id"]!));
        Assert.Empty((await anna.AskAsync("GET", "/v1/node/networks"))["networks"]!.AsArray());
    }

    [Theory]
    [InlineData("""{}""", "invalid_value")]
    [InlineData("""{"name":""}""", "invalid_value")]
    [InlineData("""{"name":"a\u0000b"}""", "invalid_value")]
    [InlineData("""{"name":"Home"}""", "invalid_value")]
    [InlineData("""{"name":"a","secret":true}""", "invalid_fields")]
    [InlineData("""{"name":7}""", "invalid_type")]
    [InlineData("""no""", "invalid_json")]
    public async Task A_network_that_cannot_be_is_refused(string body, string code)
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");

        await anna.RefusedAsync("POST", "/v1/node/networks", body, 400, code);
        await anna.RefusedAsync("POST", "/v1/node/networks", $$"""{"name":"{{new string('a', 65)}}"}""", 400, "invalid_value");
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_and_what_to_do_is_said()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");

        Assert.Contains("mycel network create", await anna.RefusedAsync("GET", "/v1/node/networks/x", null, 404, "network_not_found"), StringComparison.Ordinal);
        Assert.Contains("mycel join", await anna.RefusedAsync("POST", "/v1/node/invites", "{}", 404, "network_not_found"), StringComparison.Ordinal);
        await anna.AskAsync("POST", "/v1/node/networks", """{"name":"friends"}""");
        Assert.Contains("mycel network list", await anna.RefusedAsync("DELETE", "/v1/node/networks/x", null, 404, "network_not_found"), StringComparison.Ordinal);
        await anna.RefusedAsync("POST", "/v1/node/networks", """{"name":"more"}""", 409, "network_exists");
        await anna.RefusedAsync("DELETE", "/v1/node/invites/ffff", null, 404, "invite_not_found");
        await anna.RefusedAsync("POST", "/v1/node/join", """{"token":"mycel-AAAA"}""", 400, "invite_invalid");
        await anna.RefusedAsync("POST", "/v1/node/join", """{"token":" "}""", 400, "missing_required_parameter");
    }

    [Theory]
    [InlineData("""{"uses":0}""", "uses")]
    [InlineData("""{"uses":10001}""", "uses")]
    [InlineData("""{"expires_s":59}""", "expires_s")]
    [InlineData("""{"expires_s":31622401}""", "expires_s")]
    [InlineData("""{"credit_line":-1}""", "credit_line")]
    [InlineData("""{"models":[]}""", "models")]
    [InlineData("""{"models":["a",""]}""", "models")]
    [InlineData("""{"label":"a\nb"}""", "label")]
    public async Task An_invite_out_of_range_is_refused_by_its_field(string body, string field)
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");
        await anna.AskAsync("POST", "/v1/node/networks", """{"name":"friends"}""");

        var (status, reply) = await anna.SendAsync("POST", "/v1/node/invites", body);

        Assert.Equal((400, "invalid_value", field), ((int)status, (string)reply!["error"]!["code"]!, (string)reply["error"]!["param"]!));
    }

    [Fact]
    public async Task A_guest_joins_by_the_token_which_is_shown_once()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");
        await using var ben = await NetworkAdminServer.StartAsync("ben");
        anna.Node.Models.Set(new ModelOffer { Name = "qwen", Slots = 4, FreeSlots = 3, Networks = { await FoundAsync(anna) } });

        var invite = await anna.AskAsync("POST", "/v1/node/invites", """{"models":["qwen"],"credit_line":5000000,"label":"for Ben","expires_s":3600}""");
        var token = (string)invite["token"]!;
        var joined = await ben.AskAsync("POST", "/v1/node/join", $$"""{"token":"{{token}}"}""");
        await Until.TrueAsync(() => ben.Node.Peers.Find(anna.Node.Id)?.Record?.Models.Count == 1, "the record of the host");
        var peer = Assert.Single((await ben.AskAsync("GET", "/v1/node/peers"))["peers"]!.AsArray())!;
        var listed = Assert.Single((await anna.AskAsync("GET", "/v1/node/invites"))["invites"]!.AsArray())!;

        Assert.Equal(("friends", false), ((string)joined["name"]!, (bool)joined["is_root"]!));
        Assert.Equal("""["qwen"]""", joined["models"]!.ToJsonString());
        Assert.Equal(5_000_000, (long)joined["credit_line"]!);
        Assert.Equal(("anna", "peer:anna", "quic", "out"), ((string)peer["name"]!, (string)peer["route"]!, (string)peer["carrier"]!, (string)peer["direction"]!));
        Assert.Equal((true, 4, 3), ((bool)peer["linked"]!, (int)peer["slots"]!, (int)peer["free_slots"]!));
        Assert.Equal("""["friends"]""", peer["networks"]!.ToJsonString());
        Assert.Equal(("used_up", "for Ben", 1), ((string)listed["state"]!, (string)listed["label"]!, (int)listed["used"]!));
        Assert.Equal(ben.Node.Id.ToString(), (string)listed["members"]![0]!["device"]!);
        Assert.False(listed.AsObject().ContainsKey("token"));
        var members = (await anna.AskAsync("GET", "/v1/node/networks/friends"))["members"]!.AsArray();
        Assert.Equal(["anna", "ben"], members.Select(member => (string)member!["name"]!));
    }

    [Fact]
    public async Task A_used_or_revoked_invite_is_refused_to_others_and_nothing_changes()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");
        await using var cleo = await NetworkAdminServer.StartAsync("cleo");
        await FoundAsync(anna);
        var invite = await anna.AskAsync("POST", "/v1/node/invites", "{}");

        var revoked = await anna.AskAsync("DELETE", $"/v1/node/invites/{((string)invite["id"]!)[..8]}");
        await cleo.RefusedAsync("POST", "/v1/node/join", $$"""{"token":"{{(string)invite["token"]!}}"}""", 403, "invite_refused");

        Assert.Equal("revoked", (string)revoked["state"]!);
        Assert.NotNull(revoked["revoked_at"]);
        Assert.Empty((await cleo.AskAsync("GET", "/v1/node/networks"))["networks"]!.AsArray());
    }

    [Fact]
    public async Task The_fleet_begins_with_this_node()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");
        anna.Node.Models.Set(new ModelOffer { Name = "qwen", Slots = 2, FreeSlots = 1 });

        var node = Assert.Single((await anna.AskAsync("GET", "/v1/node/fleet"))["nodes"]!.AsArray())!;

        Assert.Equal((anna.Node.Id.ToString(), "anna", true), ((string)node["id"]!, (string)node["name"]!, (bool)node["this"]!));
        Assert.Equal((2, 1, """["qwen"]"""), ((int)node["slots"]!, (int)node["free_slots"]!, node["models"]!.ToJsonString()));
    }

    [Fact]
    public async Task All_is_described_for_machines()
    {
        await using var anna = await NetworkAdminServer.StartAsync("anna");

        var paths = (await anna.AskAsync("GET", "/openapi.json"))["paths"]!.AsObject().Select(path => path.Key);

        Assert.Superset(
            new HashSet<string>(["/v1/node/networks", "/v1/node/networks/{network}", "/v1/node/invites", "/v1/node/invites/{id}", "/v1/node/join", "/v1/node/peers", "/v1/node/fleet"]), paths.ToHashSet());
    }

    private static async Task<Google.Protobuf.ByteString> FoundAsync(NetworkAdminServer server)
    {
        var network = await server.AskAsync("POST", "/v1/node/networks", """{"name":"friends"}""");
        return Google.Protobuf.ByteString.CopyFrom(Convert.FromHexString((string)network["id"]!));
    }
}
