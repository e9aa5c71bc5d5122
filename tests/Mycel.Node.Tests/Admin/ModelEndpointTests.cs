using System.Net;
using System.Text.Json.Nodes;
using Mycel.Node.Backends.Local;
using Mycel.Node.Models;
using Mycel.Node.Tests.Models;

namespace Mycel.Node.Tests.Admin;

public class ModelEndpointTests
{
    private const string Route = "/v1/node/models";

    private static string Hash => PullBench.Sha256(PullBench.Model);

    [Fact]
    public async Task The_list_has_what_is_announced_and_what_lies_in_the_folder()
    {
        await using var server = await ModelAdminServer.StartAsync();
        server.Models.Announce(new LocalModelSpec("austen", server.Put("a")) { Source = "flag", ContextLength = 256, Slots = 2 });
        server.Put("b");
        await File.WriteAllTextAsync(Path.Combine(server.Bench.Store.Folder, "broken.gguf"), "no model", TestContext.Current.CancellationToken);

        var (status, reply) = await server.SendAsync("GET", Route);

        Assert.Equal(HttpStatusCode.OK, status);
        var models = reply!["models"]!.AsArray();
        Assert.Equal(["austen unloaded flag", "b available folder", "broken available folder"], models.Select(m => $"{m!["name"]} {m["state"]} {m["source"]}"));
        var austen = models[0]!;
        Assert.Equal(("llama", "Q8_0", 512), ((string)austen["architecture"]!, (string)austen["quantization"]!, (int)austen["context_train"]!));
        Assert.Equal((256, 2), ((int)austen["context"]!, (int)austen["slots"]!));
        Assert.InRange((long)austen["estimated_bytes"]!, (long)austen["file_bytes"]!, 1L << 30);
        Assert.NotEmpty(austen["tags"]!.AsArray());
        Assert.Null(austen["error"]);
        Assert.NotEmpty((string)models[2]!["error"]!);
        Assert.False(austen.AsObject().ContainsKey("metadata"));
    }

    [Fact]
    public async Task One_model_is_shown_with_what_its_file_says_and_the_memory_it_would_take()
    {
        await using var server = await ModelAdminServer.StartAsync();
        server.Put("a");

        var (_, model) = await server.SendAsync("GET", Route + "/a");

        Assert.Equal("llama", (string)model!["metadata"]!["general.architecture"]!);
        Assert.DoesNotContain("tokenizer.chat_template", model["metadata"]!.AsObject().Select(pair => pair.Key));
        Assert.Contains("message", (string)model["chat_template"]!, StringComparison.Ordinal);
        Assert.True((bool)model["memory"]!["fits"]!);
        Assert.True((long)model["memory"]!["total_bytes"]! > (long)model["file_bytes"]!);
        await server.RefusedAsync("GET", Route + "/none", null, 404, "model_not_found");
        await server.RefusedAsync("GET", Route + "/..%2fa", null, 404, "model_not_found");
    }

    [Fact]
    public async Task A_model_is_loaded_shown_and_unloaded()
    {
        await using var server = await ModelAdminServer.StartAsync();
        var path = server.Put("a");

        var (status, loaded) = await server.SendAsync("POST", Route + "/load", """{"model":"a","context":128,"slots":3,"gpu_layers":0}""");

        Assert.Equal((HttpStatusCode.OK, "loaded"), (status, (string)loaded!["state"]!));
        Assert.Equal((128, 3, "CPU", 3, 250.0, 1_000_000), ((int)loaded["context"]!, (int)loaded["slots"]!, (string)loaded["device"]!, (int)loaded["threads"]!, (double)loaded["tokens_per_second"]!, (long)loaded["process_bytes"]!));
        Assert.Equal(new LocalModelSpec("a", path) { ContextLength = 128, Slots = 3, GpuLayers = 0 }, server.Models.LastLoaded);
        await server.RefusedAsync("DELETE", Route + "/a", null, 409, "model_in_use");
        var (_, unloaded) = await server.SendAsync("POST", Route + "/unload", """{"model":"a"}""");
        Assert.Equal("unloaded", (string)unloaded!["status"]!);
        await server.RefusedAsync("POST", Route + "/unload", """{"model":"a"}""", 404, "model_not_found");
        var (_, removed) = await server.SendAsync("DELETE", Route + "/a");
        Assert.Equal(PullBench.Model.Length, (long)removed!["freed_bytes"]!);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task An_announced_model_is_loaded_as_it_was_announced()
    {
        await using var server = await ModelAdminServer.StartAsync();
        var spec = new LocalModelSpec("austen", server.Put("a")) { Source = "file", ContextLength = 99 };
        server.Models.Announce(spec, LocalModelState.Quarantined);

        await server.SendAsync("POST", Route + "/load", """{"model":"austen"}""");

        Assert.Equal(spec, server.Models.LastLoaded);
    }

    [Fact]
    public async Task Without_waiting_the_reply_comes_at_once_and_progress_shows_in_the_state()
    {
        await using var server = await ModelAdminServer.StartAsync();
        server.Put("a");
        server.Models.Gate = new TaskCompletionSource();

        var (status, reply) = await server.SendAsync("POST", Route + "/load", """{"model":"a","wait":false}""");

        Assert.Equal((HttpStatusCode.Accepted, "loading", 0.5), (status, (string)reply!["state"]!, (double)reply["progress"]!));
        server.Models.Gate.SetResult();
        await Until.TrueAsync(() => server.Models.List()[0].State == LocalModelState.Loaded, "the load");
    }

    [Fact]
    public async Task What_cannot_be_loaded_is_told()
    {
        await using var server = await ModelAdminServer.StartAsync();
        var path = server.Put("smollm2");
        server.Models.Announce(new LocalModelSpec("taken", server.Put("other")));
        var broken = Path.Combine(server.Bench.Store.Folder, "broken.gguf");
        await File.WriteAllTextAsync(broken, "no model", TestContext.Current.CancellationToken);

        Assert.Contains("Did you mean smollm2?", await server.RefusedAsync("POST", Route + "/load", """{"model":"smolm2"}""", 404, "model_not_found"), StringComparison.Ordinal);
        await server.RefusedAsync("POST", Route + "/load", "{}", 400, "missing_required_parameter");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"./x.gguf"}""", 400, "invalid_value");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"smollm2","slots":0}""", 400, "invalid_value");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"smollm2","name":"relay:x"}""", 400, "invalid_value");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"smollm2","ctx":1}""", 400, "invalid_fields");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"broken"}""", 400, "not_a_model");
        await server.RefusedAsync("POST", Route + "/load", """{"model":"smollm2","name":"taken"}""", 409, "model_exists");
        server.Models.Refusal = new ModelException(507, "does_not_fit", "needs 12.4 GB, there are 7.8 GB") { RetryAfterSeconds = 7 };
        Assert.Contains("12.4 GB", await server.RefusedAsync("POST", Route + "/load", $$"""{"model":"{{path}}"}""", 507, "does_not_fit"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_pulled_over_the_api_with_its_progress_as_events()
    {
        var gate = new TaskCompletionSource();
        await using var files = await ModelServer.StartAsync(async context =>
        {
            await gate.Task;
            await ModelServer.SendAsync(context, PullBench.Model);
        });
        await using var server = await ModelAdminServer.StartAsync();

        var (status, started) = await server.SendAsync("POST", Route + "/pull", $$"""{"source":"{{files.AddressOf("files.test")}}?k=hunter2","sha256":"{{Hash}}","name":"fresh"}""");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var id = (string)started!["id"]!;
        await Until.TrueAsync(() => !files.Requests.IsEmpty, "the request");
        var (_, list) = await server.SendAsync("GET", Route);
        Assert.Equal(("fresh", "pulling", id), ((string)list!["models"]![0]!["name"]!, (string)list["models"]![0]!["state"]!, (string)list["models"]![0]!["pull"]!["id"]!));
        await server.RefusedAsync("DELETE", Route + "/fresh", null, 409, "model_in_use");
        var stream = server.Client.GetStringAsync(new Uri($"{Route}/pulls/{id}?stream=true", UriKind.Relative), TestContext.Current.CancellationToken);
        gate.SetResult();

        var events = (await stream).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => JsonNode.Parse(e["data: ".Length..])!).ToList();
        Assert.Equal(("done", PullBench.Model.Length, PullBench.Model.Length), ((string)events[^1]["state"]!, (long)events[^1]["received_bytes"]!, (long)events[^1]["total_bytes"]!));
        Assert.DoesNotContain("hunter2", await stream, StringComparison.Ordinal);
        Assert.True(File.Exists((string)events[^1]["path"]!));
        var (_, shown) = await server.SendAsync("GET", Route + "/fresh");
        Assert.Equal((Hash, files.AddressOf("files.test")), ((string)shown!["sha256"]!, (string)shown["pulled_from"]!));
    }

    [Fact]
    public async Task A_pull_is_ended_by_one_delete_and_its_rest_removed_by_another()
    {
        var gate = new TaskCompletionSource();
        await using var files = await ModelServer.StartAsync(async context =>
        {
            context.Response.ContentLength = PullBench.Model.Length;
            await context.Response.Body.WriteAsync(PullBench.Model.AsMemory(0, 100_000));
            await context.Response.Body.FlushAsync();
            await gate.Task;
        });
        await using var server = await ModelAdminServer.StartAsync();
        var (_, started) = await server.SendAsync("POST", Route + "/pull", $$"""{"source":"{{files.AddressOf("files.test")}}","sha256":"{{Hash}}"}""");
        var pull = $"{Route}/pulls/{started!["id"]}";
        long received = 0;
        while (received < 100_000) received = (long)(await server.SendAsync("GET", pull)).Body!["received_bytes"]!;

        Assert.Equal("cancelled", (string)(await server.SendAsync("DELETE", pull)).Body!["status"]!);
        Assert.Equal("cancelled", (string)(await server.SendAsync("GET", Route + "/pulls")).Body!["pulls"]![0]!["state"]!);
        gate.SetResult();
        var (_, removed) = await server.SendAsync("DELETE", Route + "/m");

        Assert.Equal(100_000, (long)removed!["freed_bytes"]!);
        Assert.Empty(server.Bench.Files());
        await server.RefusedAsync("DELETE", pull, null, 404, "pull_not_found");
        await server.RefusedAsync("GET", pull, null, 404, "pull_not_found");
        await server.RefusedAsync("DELETE", Route + "/m", null, 404, "model_not_found");
    }

    [Fact]
    public async Task A_pull_that_makes_no_sense_is_refused_at_once()
    {
        await using var server = await ModelAdminServer.StartAsync();

        await server.RefusedAsync("POST", Route + "/pull", "{}", 400, "missing_required_parameter");
        await server.RefusedAsync("POST", Route + "/pull", """{"source":"https://files.test/m.gguf"}""", 400, "invalid_value");
        await server.RefusedAsync("POST", Route + "/pull", """{"source":"qwen3-4"}""", 404, "model_not_found");
        await server.RefusedAsync("POST", Route + "/pull", """{"source":"http://files.test/m.gguf"}""", 403, "address_not_allowed");
    }

    [Fact]
    public async Task Recommendations_come_with_numbers()
    {
        await using var server = await ModelAdminServer.StartAsync();
        server.Put("smollm2-135m");

        var (_, reply) = await server.SendAsync("GET", Route + "/recommended");

        Assert.True((long)reply!["budget_bytes"]! > 0);
        var smol = reply["models"]!.AsArray().Single(m => (string)m!["name"]! == "smollm2-135m")!;
        Assert.Equal(("chat", true, true, "tiny"), ((string)smol["purpose"]!, (bool)smol["pulled"]!, (bool)smol["exact"]!, (string)smol["tier"]!));
        Assert.Equal(KnownModels.All.Count, reply["models"]!.AsArray().Count);
    }

    [Fact]
    public async Task Openapi_describes_every_endpoint()
    {
        await using var server = await ModelAdminServer.StartAsync();

        var (_, document) = await server.SendAsync("GET", "/openapi.json");

        var operations = document!["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(o => (Name: $"{o.Key} {path.Key}", o.Value))).ToDictionary(o => o.Name, o => o.Value!);
        Assert.Equal(
            [
                $"delete {Route}/pulls/{{id}}", $"delete {Route}/{{name}}", $"get {Route}", $"get {Route}/pulls", $"get {Route}/pulls/{{id}}", $"get {Route}/recommended",
                $"get {Route}/{{name}}", $"post {Route}/load", $"post {Route}/pull", $"post {Route}/unload",
            ],
            operations.Keys.Order(StringComparer.Ordinal));
        Assert.All(operations.Values, operation => Assert.NotEmpty((string)operation["summary"]!));
        Assert.NotNull(operations[$"post {Route}/pull"]["requestBody"]);
        Assert.Contains("\"context_train\"", document["components"]!.ToJsonString(), StringComparison.Ordinal);
    }
}
