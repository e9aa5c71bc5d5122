using System.Diagnostics;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>Before its first output a device that fails is left for another; when none is left the last refusal is shown as it was.</summary>
public sealed class FailoverTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private const string Json200 = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    /// <summary>The bound for leaving a device that refused or died.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private NodeProcess Node => shared.Node;

    private static Dictionary<string, DeviceScript> Refusals => new()
    {
        ["429"] = Scripts.Json(429, """{"error":{"message":"busy","type":"x","param":null,"code":null}}""", "Retry-After: 30\r\n"),
        ["500"] = Scripts.Json(500, """{"error":{"message":"broken","type":"x","param":null,"code":null}}"""),
        ["502 page"] = Scripts.Document(502, "text/html", "<html>bad gateway</html>"),
        ["503 without body"] = Scripts.Document(503, "text/plain", ""),
        ["reset before head"] = Scripts.Reset,
        ["end before head"] = Scripts.Raw(""),
        ["half a head"] = Scripts.Raw("HTTP/1.1 200 OK\r\nContent-Ty", End.Reset),
        ["web page with 200"] = Scripts.Document(200, "text/html", "<!doctype html><title>Log in</title>"),
        ["web page called JSON"] = Scripts.Json(200, "<html></html>"),
        ["redirect"] = Scripts.Document(302, "text/plain", "", "Location: http://127.0.0.1:1/\r\n"),
        ["not HTTP"] = Scripts.Raw("SSH-2.0-x\r\n\r\n"),
        ["empty body"] = Scripts.Json(200, ""),
        ["error as a success"] = Scripts.Json(200, """{"error":{"message":"CUDA out of memory","type":"server_error"}}"""),
    };

    private static Dictionary<string, DeviceScript> StreamRefusals => new(Refusals)
    {
        ["reset after head"] = Scripts.StreamThen(End.Reset),
        ["end after head"] = Scripts.StreamThen(End.Finish),
        ["reset after role"] = Scripts.StreamThen(End.Reset, Sse.Role()),
        ["end after role"] = Scripts.StreamThen(End.Finish, Sse.Role()),
        ["proper end after role"] = Scripts.Raw(Scripts.StreamHead + System.Text.Encoding.UTF8.GetString(Scripts.Chunk(Sse.Role())) + Scripts.LastChunk, End.KeepOpen),
        ["comments then reset"] = Scripts.StreamThen(End.Reset, ": ping\n\n", ": ping\n\n"),
        ["error event first"] = Scripts.StreamThen(End.Finish, """data: {"error":{"message":"no slot","type":"server_error","code":500}}""" + "\n\n"),
        ["named error event first"] = Scripts.StreamThen(End.Finish, "event: error\n" + """data: {"message":"no slot"}""" + "\n\n"),
        ["error event after role"] = Scripts.StreamThen(End.Finish, Sse.Role(), """data: {"error":{"message":"no slot"}}""" + "\n\n"),
        ["empty stream"] = Scripts.Raw(Scripts.StreamHead + Scripts.LastChunk, End.KeepOpen),
        ["garbage"] = Scripts.StreamThen(End.Finish, "\u0001\u0002 not an event stream \n\n data:::: {{{"),
        ["garbage data"] = Scripts.StreamThen(End.Finish, "data: {{{ not json\n\n"),
        ["half an event then reset"] = Scripts.StreamThen(End.Reset, "data: {\"id\":\"c1\",\"choices\":[{\"del"),
    };

    private static Dictionary<string, DeviceScript> PlainRefusals => new(Refusals)
    {
        ["truncated body"] = Scripts.Raw(Json200 + "Content-Length: 400\r\n\r\n{\"id\":\"c1\","),
        ["truncated body, reset"] = Scripts.Raw(Json200 + "Content-Length: 400\r\n\r\n{\"id\":\"c1\",", End.Reset),
        ["truncated chunked body"] = Scripts.Raw(Json200 + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n"),
        ["reset after head"] = Scripts.Raw(Json200 + "Content-Length: 400\r\n\r\n", End.Reset),
        ["cut-off JSON of right length"] = Scripts.Json(200, "{\"id\":\"c1\",\"choices\":["),
    };

    public static TheoryData<string, bool> Cases()
    {
        var cases = new TheoryData<string, bool>();
        foreach (var name in PlainRefusals.Keys) cases.Add(name, false);
        foreach (var name in StreamRefusals.Keys) cases.Add(name, true);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_device_that_fails_before_its_first_output_is_left_for_another(string refusal, bool stream)
    {
        var script = (stream ? StreamRefusals : PlainRefusals)[refusal];
        var model = "pair-" + Guid.NewGuid().ToString("N")[..10];
        await using var first = await shared.AddAsync(models: model);
        await using var second = await shared.AddAsync(models: model);

        // Whichever is asked first fails; the other answers.
        var asked = 0;
        foreach (var device in new[] { first, second })
        {
            device.OnRequest = exchange => Interlocked.Increment(ref asked) == 1 ? script(exchange) : Scripts.Proper(exchange);
        }

        var clock = Stopwatch.StartNew();
        var reply = (await Node.ChatAsync(model, stream)).MustBe(200);
        Assert.True(clock.Elapsed < Bound, $"{refusal}: {clock.Elapsed.TotalSeconds:0.00} s");
        if (stream) Assert.Equal(Sse.Answer(["Hello", " there", "!"], usage: false, model), reply.Text);
        else Assert.Equal(Scripts.ChatBody("Hello there!", model), reply.Text);

        Assert.Equal(2, first.Requests.Count + second.Requests.Count);
        if (first.Requests.Count == 1)
        {
            var answered = first.Requests[0].ArrivedAt > second.Requests[0].ArrivedAt ? first : second;
            Assert.Equal($"relay:{(string)(await Node.RelayAsync(answered))!["name"]!}", reply["X-Mycel-Route"]);
            Assert.Equal("2", reply["X-Mycel-Attempts"]);
            Assert.Equal(first.Requests[0].BodyText, second.Requests[0].BodyText);
        }
        else
        {
            // A kept connection that ends without a byte may be stale, so the same device may be tried once more on a new one.
            Assert.Contains("before head", refusal);
        }

        await Node.IdleAsync();
    }

    [Fact]
    public async Task A_dead_device_is_left_at_once()
    {
        var model = "dead-" + Guid.NewGuid().ToString("N")[..10];
        await using var alive = await shared.AddAsync(models: model);
        await using var dead = await shared.AddAsync(models: model);
        dead.Die();
        for (var i = 0; i < 10; i++)
        {
            var clock = Stopwatch.StartNew();
            (await Node.ChatAsync(model, stream: i % 2 == 0)).MustBe(200);
            Assert.True(clock.Elapsed < Bound, $"request {i}: {clock.Elapsed.TotalSeconds:0.00} s");
        }
    }

    [Fact]
    public async Task A_device_without_power_is_left_within_the_bound()
    {
        var model = "dark-" + Guid.NewGuid().ToString("N")[..10];
        await using var alive = await shared.AddAsync(models: model);
        await using var dark = await shared.AddAsync(models: model);
        dark.Die();
        await dark.LosePowerAsync();
        for (var i = 0; i < 4; i++)
        {
            var clock = Stopwatch.StartNew();
            (await Node.ChatAsync(model)).MustBe(200);
            Assert.True(clock.Elapsed < Bound + TimeSpan.FromSeconds(0.3), $"request {i}: {clock.Elapsed.TotalSeconds:0.00} s");
        }
    }

    [Fact]
    public async Task A_device_that_vanishes_while_it_thinks_is_left_for_another()
    {
        var model = "gone-" + Guid.NewGuid().ToString("N")[..10];
        await using var device = await shared.AddAsync(models: model);
        device.OnRequest = Scripts.HangAsync;
        var pending = Node.ChatAsync(model, stream: true);
        await device.RequestAsync();
        await using var other = await shared.AddAsync(models: model);
        var clock = Stopwatch.StartNew();
        device.Die();
        (await pending).MustBe(200);
        Assert.True(clock.Elapsed < Bound, $"{clock.Elapsed.TotalSeconds:0.00} s");
        Assert.Single(other.Requests);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_last_refusal_keeps_its_status_and_Retry_After(bool stream)
    {
        var model = "busy-" + Guid.NewGuid().ToString("N")[..10];
        await using var first = await shared.AddAsync(models: model);
        await using var second = await shared.AddAsync(models: model);
        foreach (var status in new[] { 429, 500, 503 })
        {
            first.OnRequest = second.OnRequest = Scripts.Json(status, """{"error":{"message":"come back later","type":"overloaded","param":null,"code":"slow_down"}}""", "Retry-After: 17\r\n");
            var reply = await Node.ChatAsync(model, stream);
            var message = reply.MustRefuse(status);
            Assert.Contains("come back later", message);
            Assert.Equal("17", reply["Retry-After"]);
            Assert.NotNull(reply["X-Request-ID"]);
        }

        Assert.Equal(6, first.Requests.Count + second.Requests.Count);
        await Node.IdleAsync();
    }

    [Fact]
    public async Task A_refusal_without_an_envelope_gets_one()
    {
        await using var device = await shared.AddAsync();
        device.OnRequest = Scripts.Document(503, "text/plain", "model is loading\n", "Retry-After: 4\r\n");
        foreach (var stream in new[] { false, true })
        {
            var reply = await Node.ChatAsync(device.Model, stream);
            reply.MustRefuse(503);
            Assert.Equal("4", reply["Retry-After"]);
        }

        device.OnRequest = Scripts.Document(500, "text/html", "<html>oops</html>");
        Assert.DoesNotContain("<html>", (await Node.ChatAsync(device.Model)).MustRefuse(500));
    }

    [Fact]
    public async Task A_device_that_cannot_be_reached_at_all_is_a_502_that_names_it()
    {
        await using var device = await shared.AddAsync();
        var name = (string)(await Node.RelayAsync(device))!["name"]!;
        device.Die();
        foreach (var stream in new[] { false, true })
        {
            var clock = Stopwatch.StartNew();
            var message = (await Node.ChatAsync(device.Model, stream)).MustRefuse(502, "upstream_unreachable");
            Assert.Contains(name, message);
            Assert.True(clock.Elapsed < Bound, $"{clock.Elapsed.TotalSeconds:0.00} s");
        }
    }

    [Fact]
    public async Task A_pinned_device_is_not_left_for_another()
    {
        var model = "pin-" + Guid.NewGuid().ToString("N")[..10];
        await using var first = await shared.AddAsync(name: "pin-a-" + model, models: model);
        await using var second = await shared.AddAsync(models: model);
        first.OnRequest = Scripts.Json(429, """{"error":{"message":"busy","type":"x","param":null,"code":null}}""", "Retry-After: 3\r\n");
        var reply = await Node.ChatAsync($"relay:pin-a-{model}:{model}");
        reply.MustRefuse(429);
        Assert.Equal("3", reply["Retry-After"]);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task A_thousand_failed_attempts_leave_no_descriptor_behind()
    {
        var model = "leak-" + Guid.NewGuid().ToString("N")[..10];
        await using var alive = await shared.AddAsync(models: model, maxConcurrent: 64);
        await using var resetting = await shared.AddAsync(models: model, maxConcurrent: 64);
        resetting.OnRequest = Scripts.Reset;
        await using var dead = await shared.AddAsync(models: "dead-" + model);
        dead.Die();
        (await Node.ChatAsync(model)).MustBe(200);
        var before = Node.OpenFiles();
        for (var round = 0; round < 50; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Node.ChatAsync(i % 2 == 0 ? model : "dead-" + model, stream: i % 4 == 0)));
        }

        await Poll.UntilAsync(() => Node.OpenFiles() < before + 120, $"descriptors to come back to about {before}; there are {Node.OpenFiles()}");
        await Node.IdleAsync();
    }
}
