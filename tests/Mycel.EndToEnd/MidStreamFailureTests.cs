using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd;

/// <summary>After the first token a failure is told in the stream: never a second answer, never a silent or feigned end.</summary>
public sealed class MidStreamFailureTests(SharedNode shared) : IClassFixture<SharedNode>
{
    private static readonly string Begun = Sse.Role() + Sse.Token("one") + Sse.Token(" two");

    private NodeProcess Node => shared.Node;

    private static Dictionary<string, DeviceScript> Failures => new()
    {
        ["reset"] = Scripts.StreamThen(End.Reset, Begun),
        ["FIN inside the chunked body"] = Scripts.StreamThen(End.Finish, Begun),
        ["proper end of the body without the stream's end"] = Scripts.Raw(Scripts.StreamHead + System.Text.Encoding.UTF8.GetString(Scripts.Chunk(Begun)) + Scripts.LastChunk, End.KeepOpen),
        ["broken chunk"] = BreakFramingAsync,
        ["half an event"] = Scripts.StreamThen(End.Reset, Begun, "data: {\"id\":\"c1\",\"choi"),
    };

    public static TheoryData<string> Cases => [.. Failures.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_stream_that_breaks_ends_in_an_error_event(string failure)
    {
        var model = "mid-" + Guid.NewGuid().ToString("N")[..10];
        await using var first = await shared.AddAsync(models: model);
        await using var second = await shared.AddAsync(models: model);
        var asked = 0;
        first.OnRequest = second.OnRequest = exchange => Interlocked.Increment(ref asked) == 1 ? Failures[failure](exchange) : Scripts.Proper(exchange);

        var reply = (await Node.ChatAsync(model, stream: true)).MustBe(200);
        Assert.True(reply.Text.StartsWith(Begun, StringComparison.Ordinal), reply.Text);
        Assert.DoesNotContain("[DONE]", reply.Text);
        Assert.DoesNotContain("Hello", reply.Text);
        Assert.EndsWith("\n\n", reply.Text);
        var last = JsonNode.Parse(Sse.Events(reply.Text)[^1])!["error"]!;
        Assert.Equal("stream_interrupted", (string?)last["code"]);
        Assert.False(string.IsNullOrEmpty((string?)last["message"]));
        Assert.False(string.IsNullOrEmpty((string?)last["type"]));
        Assert.Equal(1, first.Requests.Count + second.Requests.Count);

        var record = await Node.RecordAsync(reply["X-Request-ID"]!);
        Assert.NotNull((string?)record["error"]);
        await Node.IdleAsync();
    }

    /// <summary>Breaks the body's framing once the tokens before have had time to be passed on.</summary>
    private static async Task BreakFramingAsync(DeviceExchange exchange)
    {
        await exchange.SendAsync(Scripts.StreamHead);
        await exchange.SendAsync(Scripts.Chunk(Begun));
        await Task.Delay(100);
        await exchange.SendAsync("zz\r\n");
        exchange.Finish();
    }

    [Fact]
    public async Task An_error_event_of_the_device_reaches_the_client_as_it_was()
    {
        await using var device = await shared.AddAsync();
        var payload = Begun + """data: {"error":{"message":"kv cache is full","type":"server_error","param":null,"code":"oom"}}""" + "\n\n";
        device.Next(Scripts.Stream(payload));
        var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
        Assert.StartsWith(payload, reply.Text);
        Assert.DoesNotContain("[DONE]", reply.Text);
        Assert.NotNull((string?)(await Node.RecordAsync(reply["X-Request-ID"]!))["error"]);
    }

    [Fact]
    public async Task Garbage_between_good_events_is_passed_on_untouched()
    {
        await using var device = await shared.AddAsync();
        var payload = Sse.Token("a") + "data: {{{ not json\n\nnonsense line\n\n" + Sse.Token("b") + Sse.Finish() + Sse.Done;
        device.Next(Scripts.Stream(payload));
        Assert.Equal(payload, (await Node.ChatAsync(device.Model, stream: true)).MustBe(200).Text);
    }

    [Fact]
    public async Task A_stream_with_its_finish_but_without_DONE_is_whole()
    {
        await using var device = await shared.AddAsync();
        var payload = Begun + Sse.Finish();
        device.Next(Scripts.Stream(payload));
        Assert.Equal(payload, (await Node.ChatAsync(device.Model, stream: true)).MustBe(200).Text);
    }

    [Fact]
    public async Task A_break_during_a_long_stream_loses_nothing_that_came_before()
    {
        await using var device = await shared.AddAsync();
        device.Next(async exchange =>
        {
            await exchange.SendAsync(Scripts.StreamHead);
            for (var i = 0; i < 500; i++) await exchange.SendAsync(Scripts.Chunk(Sse.Token($"{i} ")));
            exchange.Finish();
        });
        var reply = (await Node.ChatAsync(device.Model, stream: true)).MustBe(200);
        var events = Sse.Events(reply.Text);
        Assert.Equal(501, events.Count);
        Assert.Contains("stream_interrupted", events[^1]);
        Assert.Equal(string.Concat(Enumerable.Range(0, 500).Select(i => $"{i} ")), string.Concat(Sse.Contents(string.Concat(events.Take(500).Select(data => $"data: {data}\n\n")))));
    }
}
