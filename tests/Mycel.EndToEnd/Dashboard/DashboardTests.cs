using System.Net;
using Mycel.EndToEnd.Credit.Harness;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;
using Mycel.EndToEnd.Local;

namespace Mycel.EndToEnd.Dashboard;

/// <summary>The dashboard in a real browser, as its users drive it.</summary>
public class DashboardTests
{
    [Fact]
    public async Task A_relay_is_added_goes_offline_comes_back_and_answers()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("relay", node.Url);
    }

    [Fact]
    public async Task The_demo_model_is_loaded_talked_to_and_unloaded()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("local", node.Url);
    }

    [Fact]
    public async Task A_model_is_found_on_the_hub_pulled_and_talked_to()
    {
        var file = await File.ReadAllBytesAsync(LocalCalls.DemoFile);
        await using var hub = FaultyDevice.Start();
        hub.OnRequest = exchange => exchange.Request.Head.StartLine.Split(' ')[1] switch
        {
            var path when path.StartsWith("/api/models?", StringComparison.Ordinal) => Scripts.Json(200, """[{"id":"someone/something","downloads":1234,"likes":5}]""")(exchange),
            "/api/models/someone/something/tree/main?recursive=true" => Scripts.Json(200, $$"""[{"path":"little.gguf","size":{{file.Length}}}]""")(exchange),
            _ => ModelHub.Serving(file)(exchange),
        };
        await using var node = await NodeProcess.StartAsync(new NodeSetup { Yaml = ModelHub.Yaml, Environment = ModelHub.EnvironmentOf(hub) });

        await BrowserScenario.RunAsync("hub", node.Url);
    }

    [Fact]
    public async Task A_request_is_cancelled_while_it_runs()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("cancel", node.Url);
    }

    [Fact]
    public async Task A_network_is_founded_joined_and_paid_in_from_two_pages()
    {
        await using var host = await CreditCalls.StartAsync();
        await using var guest = await CreditCalls.StartAsync();

        await BrowserScenario.RunAsync("network", host.Url, guest.Url);
    }

    [Fact]
    public async Task A_node_with_keys_lets_its_owner_in()
    {
        await using var node = await NodeProcess.StartAsync();
        var owner = await node.CreateKeyAsync("owner", "admin");
        var guest = await node.CreateKeyAsync("guest");

        await BrowserScenario.RunAsync("keys", node.Url, owner, guest);
    }

    [Fact]
    public async Task The_first_frame_is_there_before_any_script_and_stays_in_place()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("first", node.Url);
    }

    [Fact]
    public async Task Everything_is_reached_by_keyboard_and_dialogs_give_the_focus_back()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("keyboard", node.Url);
    }

    [Fact]
    public async Task No_page_has_a_serious_fault_in_light_in_dark_or_on_a_phone()
    {
        await using var node = await NodeProcess.StartAsync();

        await BrowserScenario.RunAsync("look", node.Url);
    }

    [Fact]
    public async Task Pages_are_served_with_a_strict_policy_and_wrong_paths_stay_wrong()
    {
        Assert.SkipWhen(BrowserScenario.WhyNot is not null, BrowserScenario.WhyNot ?? "");
        await using var node = await NodeProcess.StartAsync();

        var page = await node.GetAsync("/models/hub", ("Accept", "text/html"));
        page.MustBe(200);
        Assert.Contains("script-src 'self' 'sha256-", page["Content-Security-Policy"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", page["Content-Security-Policy"]!, StringComparison.Ordinal);
        Assert.Equal(304, (await node.GetAsync("/models/hub", ("If-None-Match", page["ETag"]!))).Status);
        foreach (var path in new[] { "/v1/nothing", "/modelsx", "/assets/..%2f..%2fmycel.dll", "/assets/nothing.js" })
        {
            var wrong = await node.GetAsync(path, ("Accept", "text/html"));
            Assert.Equal(404, wrong.Status);
            Assert.Equal("unknown_route", (string?)wrong.Json["error"]!["code"]);
        }
    }

    [Fact]
    public async Task Events_need_an_admin_and_end_with_the_key()
    {
        await using var node = await NodeProcess.StartAsync();
        var owner = await node.CreateKeyAsync("owner", "admin");
        var guest = await node.CreateKeyAsync("guest");

        Assert.Equal(401, (await node.GetAsync("/v1/node/events")).Status);
        Assert.Equal(403, (await node.GetAsync("/v1/node/events", ("Authorization", $"Bearer {guest}"))).Status);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/node/events");
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {owner}");
        using var response = await node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await reader.ReadLineAsync(deadline.Token) != "event: status")
        {
            // What comes before is not asked about.
        }

        (await node.Control.CallAsync(HttpMethod.Delete, "/v1/node/keys/owner", (byte[]?)null)).MustBe(204);

        while (await reader.ReadLineAsync(deadline.Token) is not null)
        {
            // The stream ends by itself, before the deadline.
        }
    }
}
