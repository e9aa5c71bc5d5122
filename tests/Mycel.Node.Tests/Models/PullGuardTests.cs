using System.Net;
using Microsoft.AspNetCore.Http;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Tests.Models;

public class PullGuardTests
{
    private static readonly HubSettings Hub = new(new Uri("https://hub.test"), null);

    private static byte[] Model => PullBench.Model;

    private static string Hash => PullBench.Sha256(Model);

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700:4700::1111", true)]
    [InlineData("172.32.0.1", true)]
    [InlineData("100.128.0.1", true)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.255.255.254", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fe80::1%1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("::127.0.0.1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:c0a8:101::1", false)]
    public void Only_public_addresses_are_public(string address, bool isPublic) => Assert.Equal(isPublic, AddressRules.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.5")]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:192.168.1.1")]
    public async Task A_redirect_to_a_name_of_a_private_address_is_refused_before_connecting(string address)
    {
        await using var server = await ModelServer.StartAsync((s, context) =>
        {
            context.Response.Redirect(s.AddressOf("inner.test", "/m.gguf?X-Signature=hunter2"));
            return Task.CompletedTask;
        });
        await using var bench = new PullBench { Names = { ["inner.test"] = address } };

        var status = await bench.PullAsync(server.AddressOf("files.test"), Hash);

        Assert.Equal((403, "address_not_allowed"), (status.Error!.Status, status.Error.Code));
        Assert.Contains("inner.test", status.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", status.Error.ToString(), StringComparison.Ordinal);
        Assert.Empty(bench.Files());
    }

    [Fact]
    public async Task A_private_address_written_out_is_refused()
    {
        await using var bench = new PullBench();

        foreach (var host in (string[])["10.0.0.1", "[::ffff:10.0.0.1]", "[fe80::1]", "2130706434", "0x7f.0.0.2"])
            Assert.Equal("address_not_allowed", (await bench.PullAsync($"https://{host}/m.gguf", Hash)).Error?.Code);
    }

    [Fact]
    public async Task The_setting_allows_private_addresses()
    {
        await using var server = await ModelServer.StartAsync(ModelServer.File(Model));
        await using var bench = new PullBench { Names = { ["inner.test"] = "127.0.0.1" }, AllowPrivate = true };

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("inner.test"), Hash)).State);
    }

    [Fact]
    public async Task Redirects_are_followed_five_times_and_no_more()
    {
        await using var server = await ModelServer.StartAsync((s, context) =>
        {
            var step = int.Parse(context.Request.Path.Value![1..].Split('.')[0], null);
            if (step == 0) return ModelServer.SendAsync(context, Model);
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = $"/{step - 1}.gguf";
            return Task.CompletedTask;
        });
        await using var bench = new PullBench();

        Assert.Equal(PullState.Done, (await bench.PullAsync(server.AddressOf("files.test", "/5.gguf"), Hash, "five")).State);
        var status = await bench.PullAsync(server.AddressOf("files.test", "/6.gguf"), Hash, "six");
        Assert.Contains("more than 5 times", status.Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://files.test/m.gguf")]
    [InlineData("http://127.0.0.1/m.gguf")]
    public async Task A_redirect_to_plain_http_is_refused(string location)
    {
        await using var server = await ModelServer.StartAsync(context =>
        {
            context.Response.Redirect(location);
            return Task.CompletedTask;
        });
        await using var bench = new PullBench();

        Assert.Equal("address_not_allowed", (await bench.PullAsync(server.AddressOf("files.test"), Hash)).Error?.Code);
    }

    [Fact]
    public async Task The_hub_names_the_hash_and_its_token_never_leaves_it()
    {
        await using var server = await ModelServer.StartAsync(AsHub);
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "")), "hf_hunter2") };

        var status = await bench.PullAsync("hf:org/repo@v2:sub/Some-Model.Q4.gguf");

        Assert.Equal((PullState.Done, "Some-Model.Q4"), (status.State, status.Name));
        Assert.Equal(
            [("hub.test", "/org/repo/resolve/v2/sub/Some-Model.Q4.gguf", "Bearer hf_hunter2"), ("cdn.test", "/blob", "")],
            server.Requests.Select(request => (request.Host, request.Path, request.Authorization)));
        Assert.Equal("hf:org/repo@v2:sub/Some-Model.Q4.gguf", ModelNote.Read(bench.Store.Resolve("Some-Model.Q4"))!.Source);
    }

    [Fact]
    public async Task A_hub_behind_a_path_keeps_it()
    {
        await using var server = await ModelServer.StartAsync(AsHub);
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "/mirror/")), null) };

        Assert.Equal(PullState.Done, (await bench.PullAsync("hf:org/repo:m.gguf")).State);
        Assert.Equal("/mirror/org/repo/resolve/main/m.gguf", server.Requests.First().Path);
    }

    [Fact]
    public async Task What_a_hub_leads_to_may_not_name_the_hash()
    {
        await using var server = await ModelServer.StartAsync((s, context) =>
        {
            if (context.Request.Host.Host == "hub.test")
            {
                context.Response.Redirect(s.AddressOf("cdn.test", "/blob"));
                return Task.CompletedTask;
            }
            context.Response.Headers["X-Linked-ETag"] = $"\"{Hash}\"";
            return ModelServer.SendAsync(context, Model);
        });
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "")), null) };

        var status = await bench.PullAsync("hf:org/repo:m.gguf");

        Assert.Contains("Give it with --sha256", status.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(PullState.Done, (await bench.PullAsync("hf:org/repo:m.gguf", Hash)).State);
    }

    [Fact]
    public async Task A_hub_that_has_another_file_than_was_asked_for_is_told_before_downloading()
    {
        await using var server = await ModelServer.StartAsync(AsHub);
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "")), null) };

        var status = await bench.PullAsync("hf:org/repo:m.gguf", new string('b', 64));

        Assert.Equal("hash_mismatch", status.Error?.Code);
        Assert.Empty(bench.Files());
    }

    [Theory]
    [InlineData(401, "pull_failed", "HF_TOKEN")]
    [InlineData(403, "pull_failed", "consent")]
    [InlineData(404, "model_not_found", "capital letters count")]
    public async Task What_a_hub_refuses_is_told_with_what_to_do(int answer, string code, string words)
    {
        await using var server = await ModelServer.StartAsync(context =>
        {
            context.Response.StatusCode = answer;
            return Task.CompletedTask;
        });
        await using var bench = new PullBench { Hub = new HubSettings(new Uri(server.AddressOf("hub.test", "")), null) };

        var status = await bench.PullAsync("hf:org/repo:m.gguf");

        Assert.Equal(code, status.Error?.Code);
        Assert.Contains(words, status.Error!.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
        Assert.Empty(bench.Files());
    }

    [Theory]
    [InlineData("hf:org/repo:../../../x.gguf")]
    [InlineData("hf:org/repo:a/../x.gguf")]
    [InlineData("hf:org/repo:/x.gguf")]
    [InlineData("hf:../repo:x.gguf")]
    [InlineData("hf:org/repo:x.bin")]
    [InlineData("hf:org/repo")]
    [InlineData("hf:org:x.gguf")]
    [InlineData("hf:org/repo:x%2f..gguf?.gguf")]
    [InlineData("hf:org/repo:big-00001-of-00003.gguf")]
    [InlineData("ftp://files.test/m.gguf")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user:pw@files.test/m.gguf")]
    [InlineData("https:///m.gguf")]
    [InlineData("no-such-model")]
    [InlineData("")]
    public void A_source_that_makes_no_sense_is_refused(string source)
    {
        var error = Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest(source, Hash), Hub, allowPrivate: false));

        Assert.True(error.Status is 400 or 404, $"{error.Status} {error.Message}");
        Assert.DoesNotContain("pw", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("..")]
    [InlineData("a..b")]
    [InlineData("C:x")]
    [InlineData("")]
    public void A_name_that_could_lead_elsewhere_is_refused(string name) =>
        Assert.Equal(400, Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest("hf:org/repo:x.gguf", null, name), Hub, allowPrivate: false)).Status);

    [Theory]
    [InlineData("https://files.test/a/b/Model-Q4.gguf?download=true#x", "Model-Q4")]
    [InlineData("https://files.test/..%2f..%2fetc.gguf", "etc")]
    [InlineData("https://files.test/", "model")]
    [InlineData("https://files.test/...gguf", "model")]
    [InlineData("https://files.test/%E2%98%83.gguf", "model")]
    public void The_name_comes_from_the_file(string source, string name) =>
        Assert.Equal(name, PullSource.Of(new PullRequest(source, Hash), Hub, allowPrivate: false).Name);

    [Theory]
    [InlineData(null, "needs its SHA-256")]
    [InlineData("abc", "64 hexadecimal digits")]
    public void An_https_address_needs_its_hash(string? sha256, string words) =>
        Assert.Contains(words, Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest("https://files.test/m.gguf", sha256), Hub, allowPrivate: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void Plain_http_is_for_this_machine_and_only_where_private_addresses_are_allowed()
    {
        Assert.Equal("http://127.0.0.1:8000/m.gguf", PullSource.Of(new PullRequest("http://127.0.0.1:8000/m.gguf?x=1", Hash), Hub, allowPrivate: true).Shown);
        Assert.Equal("address_not_allowed", Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest("http://127.0.0.1:8000/m.gguf", Hash), Hub, allowPrivate: false)).Code);
        Assert.Equal("address_not_allowed", Assert.Throws<ModelException>(() => PullSource.Of(new PullRequest("http://files.test/m.gguf", Hash), Hub, allowPrivate: true)).Code);
    }

    [Fact]
    public void The_hub_comes_from_the_environment()
    {
        Dictionary<string, string> variables = new() { ["HF_ENDPOINT"] = "https://mirror.test/hub", ["HF_TOKEN"] = " hf_x " };

        var hub = HubSettings.FromEnvironment(variables.GetValueOrDefault);

        Assert.Equal(("https://mirror.test/hub/o/r/resolve/main/a%20b.gguf", "hf_x"), (hub.AddressOf("o/r", "main", "a b.gguf").AbsoluteUri, hub.Token));
        Assert.False(hub.Owns(new Uri("https://mirror.test:444/hub")));
        Assert.DoesNotContain("hf_x", hub.ToString(), StringComparison.Ordinal);
        Assert.True(HubSettings.FromEnvironment(_ => null).Endpoint.Scheme == "https");
        Assert.Equal(HubSettings.FromEnvironment(_ => null), HubSettings.FromEnvironment(name => name == "HF_ENDPOINT" ? "nonsense" : null));
    }

    /// <summary>A hub that names hash and size and leads to its storage by a signed address.</summary>
    private static Task AsHub(ModelServer server, HttpContext context)
    {
        if (context.Request.Host.Host != "hub.test") return ModelServer.SendAsync(context, Model);
        context.Response.Headers["X-Linked-ETag"] = $"\"{Hash}\"";
        context.Response.Headers["X-Linked-Size"] = Model.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        context.Response.Redirect(server.AddressOf("cdn.test", "/blob?X-Signature=hunter2"));
        return Task.CompletedTask;
    }
}
