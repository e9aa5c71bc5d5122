using System.Globalization;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Devices;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Local;

/// <summary>What tests ask of a node that computes models itself.</summary>
internal static class LocalCalls
{
    /// <summary>The name of the small model that comes with the program.</summary>
    public const string Tiny = "tiny-austen";

    public const int Kill = 9;

    /// <summary>Stops a process in its tracks. The number is Linux's, in whose <c>/proc</c> the processes are found, too.</summary>
    public const int Stop = 19;

    /// <summary>Lets a stopped process go on.</summary>
    public const int Continue = 18;

    /// <summary>The file of that model.</summary>
    public static string DemoFile => Path.Combine(Path.GetDirectoryName(RepositoryLayout.NodeAssembly)!, "demo", "tiny-austen-chat-q8_0.gguf");

    /// <summary>Starts a node with the small model and waits until it is loaded.</summary>
    /// <param name="yaml">The configuration file's text, or null for none.</param>
    /// <param name="arguments">Further arguments.</param>
    public static Task<NodeProcess> StartAsync(string? yaml = null, params string[] arguments) =>
        StartAsync(new NodeSetup { Arguments = ["--demo", .. arguments], Yaml = yaml });

    /// <summary>Starts one that has a device as well.</summary>
    public static Task<NodeProcess> StartAsync(FaultyDevice device, string? yaml = null) =>
        StartAsync(new NodeSetup { Arguments = ["--demo"], Devices = [device], Yaml = yaml });

    private static async Task<NodeProcess> StartAsync(NodeSetup setup)
    {
        var node = await NodeProcess.StartAsync(setup);
        try
        {
            await node.LoadedAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>The node's entry for a local model.</summary>
    public static async Task<JsonNode> LocalAsync(this NodeProcess node, string model = Tiny)
    {
        var models = (await node.AskAsync("/v1/node/models"))["models"]!.AsArray();
        var found = models.FirstOrDefault(entry => (string?)entry!["name"] == model);
        Assert.True(found is not null, $"No model '{model}' in {models.ToJsonString()}");
        return found;
    }

    /// <summary>Waits until a local model is in a state, and returns its entry.</summary>
    public static async Task<JsonNode> InStateAsync(this NodeProcess node, string state, string model = Tiny, TimeSpan? within = null)
    {
        JsonNode? entry = null;
        try
        {
            await Poll.UntilAsync(async () => (string?)(entry = await node.LocalAsync(model))["state"] == state, $"{model} is {state}", within ?? TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It is {entry?.ToJsonString()}. The node's output: {node.Output}", late);
        }

        return entry!;
    }

    public static Task<JsonNode> LoadedAsync(this NodeProcess node, string model = Tiny) => node.InStateAsync("loaded", model);

    /// <summary>The processes that compute models for this node.</summary>
    public static IReadOnlyList<int> EngineIds(this NodeProcess node)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            if (ParentOf(id) == node.Pid && IsEngine(id)) found.Add(id);
        }

        return found;
    }

    /// <summary>The one process that computes for this node.</summary>
    public static int EngineId(this NodeProcess node) => Assert.Single(node.EngineIds());

    /// <summary>Whether a process is an engine's, whoever is its parent by now.</summary>
    public static bool IsEngine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Split('\0').Contains("engine-host");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>A chat request with one message of the user.</summary>
    /// <param name="text">The message.</param>
    /// <param name="more">Further fields as JSON members, without the braces.</param>
    /// <param name="stream">Whether a stream with its usage is asked for.</param>
    /// <param name="model">The model's name.</param>
    public static string Chat(string text, string more = "", bool stream = false, string model = Tiny)
    {
        var body = JsonNode.Parse("{" + more + "}")!.AsObject();
        body["model"] = model;
        body["messages"] ??= new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text });
        if (stream)
        {
            body["stream"] = true;
            body["stream_options"] = new JsonObject { ["include_usage"] = true };
        }

        return body.ToJsonString();
    }

    /// <summary>Asks and reads the whole answer, plain or streamed.</summary>
    public static async Task<Answer> AnswerAsync(this NodeProcess node, string text, string more = "", bool stream = false, string model = Tiny) =>
        Answer.Of((await node.PostAsync(NodeCalls.ChatPath, Chat(text, more, stream, model))).MustBe(200));

    /// <summary>Asks for a stream and returns when its first text is there.</summary>
    public static async Task<RawConnection> BeginStreamAsync(this NodeProcess node, string text, string more, string model = Tiny)
    {
        var client = await RawConnection.OpenAsync(node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, Chat(text, more, stream: true, model)));
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        await client.ReadUntilAsync("\"content\":\"");
        return client;
    }

    /// <summary>Begins a stream of a device behind the node; the device is through with it already.</summary>
    public static async Task<RawConnection> BeginRelayStreamAsync(this NodeProcess node, FaultyDevice device)
    {
        var client = await RawConnection.OpenAsync(node);
        await client.SendAsync(RawConnection.Post(NodeCalls.ChatPath, NodeCalls.ChatBody(device.Model, stream: true)));
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        return client;
    }

    private static int ParentOf(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").First(l => l.StartsWith("PPid:", StringComparison.Ordinal));
            return int.Parse(line.AsSpan(5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return -1;
        }
    }
}
