using Mycel.Node.Backends.Local;
using Mycel.Node.Cli;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.LocalModels;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Tests.Admin;
using Mycel.Node.Tests.Models;

namespace Mycel.Node.Tests.Cli;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    private CliConsole Console => new(_output, _error, false, false, false);

    private MycelOptions Options => new() { DataDir = _folder.Path, Models = new ModelsOptions { Dir = _folder.File("models") } };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Without_a_node_the_models_folder_is_listed_shown_and_cleared()
    {
        Put("austen");

        Assert.Equal(0, await OwnAsync(work => work.ListAsync(false, default)));
        Assert.Matches(@"austen +available +2\.1 MB +2M +Q8_0 +512 +tiny +~", Said());
        Assert.Equal(0, await OwnAsync(work => work.ShowAsync("austen", false, default)));
        Assert.Contains("weights 2.1 MB", Said(), StringComparison.Ordinal);
        Assert.Equal(0, await OwnAsync(work => work.RemoveAsync("austen", true, default)));
        Assert.Empty(Directory.EnumerateFiles(_folder.File("models")));
        Assert.Contains("austen", (await Assert.ThrowsAsync<NodeClientException>(() => OwnAsync(work => work.ShowAsync("austen", false, default)))).Message, StringComparison.Ordinal);
        Assert.Equal(0, await OwnAsync(work => work.ListAsync(false, default)));
        Assert.Contains("mycel models recommend", Said(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_node_nothing_is_loaded()
    {
        var error = await Assert.ThrowsAsync<NodeClientException>(() => OwnAsync(work => work.LoadAsync(new ModelLoadRequest { Model = "x" }, default)));

        Assert.Equal(ExitCode.NotRunning, error.ExitCode);
    }

    [Fact]
    public async Task Deleting_asks_where_a_person_can_be_asked_and_wants_to_be_told_elsewhere()
    {
        Put("austen");

        var error = await Assert.ThrowsAsync<NodeClientException>(() => OwnAsync(work => work.RemoveAsync("austen", false, default)));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("--yes", error.Message, StringComparison.Ordinal);
        Assert.Single(Directory.EnumerateFiles(_folder.File("models")));
    }

    [Fact]
    public async Task What_is_left_of_an_interrupted_download_is_listed_with_how_to_go_on_and_can_be_removed()
    {
        var partials = new Mycel.Node.Models.Pulling.PartialFiles(_folder.File("models"));
        new ModelStore(_folder.File("models")).EnsureFolder();
        partials.EnsureFolder();
        const string Id = "0123456789abcdef";
        await File.WriteAllBytesAsync(partials.PathOf(Id), new byte[1 << 20], TestContext.Current.CancellationToken);
        partials.WriteNote(Id, new("hf:org/repo:m.gguf", "m", new string('a', 64), 4 << 20, null));

        await OwnAsync(work => work.ListAsync(false, default));
        Assert.Contains("m: 1 MB of 4 MB of an interrupted download. Go on with: mycel models pull hf:org/repo:m.gguf", Said(), StringComparison.Ordinal);
        await OwnAsync(work => work.RemoveAsync("m", true, default));
        Assert.Contains("1 MB are free again", Said(), StringComparison.Ordinal);
        Assert.Empty(partials.List());
    }

    [Fact]
    public async Task Recommendations_need_no_node()
    {
        Assert.Equal(0, await OwnAsync(work => work.RecommendAsync(false, default)));

        var said = Said();
        Assert.Contains("of memory for models (what is free now)", said, StringComparison.Ordinal);
        Assert.All(KnownModels.All, model => Assert.Contains(model.Name, said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lists_come_as_json_too()
    {
        Put("austen");

        await OwnAsync(work => work.ListAsync(true, default));
        Assert.Equal("austen", (string)System.Text.Json.Nodes.JsonNode.Parse(Said())!["models"]![0]!["name"]!);
        await OwnAsync(work => work.RecommendAsync(true, default));
        Assert.Equal(KnownModels.All.Count, System.Text.Json.Nodes.JsonNode.Parse(Said())!["models"]!.AsArray().Count);
    }

    [Fact]
    public async Task In_a_node_a_model_is_loaded_listed_unloaded_and_deleted()
    {
        await using var server = await ModelAdminServer.StartAsync();
        var path = server.Put("austen");
        Task<int> Run(Func<ModelsWork, Task<int>> run) => NodeAsync(server, run);

        await Run(work => work.LoadAsync(new ModelLoadRequest { Model = "austen", Slots = 2, Context = 256 }, default));
        Assert.Contains("Loaded austen on CPU, 2 requests at once of 256 tokens", Said(), StringComparison.Ordinal);
        Assert.Equal(new LocalModelSpec("austen", path) { Slots = 2, ContextLength = 256 }, server.Models.LastLoaded);
        await Run(work => work.ListAsync(false, default));
        Assert.Matches(@"austen +loaded +2\.1 MB +2M +Q8_0 +256 × 2", Said());
        await Run(work => work.ShowAsync("austen", false, default));
        Assert.Contains("austen is loaded on CPU with 3 threads", Said(), StringComparison.Ordinal);
        Assert.Contains("mycel models unload austen", (await Assert.ThrowsAsync<NodeClientException>(() => Run(work => work.RemoveAsync("austen", true, default)))).Message, StringComparison.Ordinal);
        await Run(work => work.UnloadAsync("austen", default));
        await Run(work => work.RemoveAsync("austen", true, default));
        Assert.False(File.Exists(path));
        Assert.Contains("mycel models list", (await Assert.ThrowsAsync<NodeClientException>(() => Run(work => work.UnloadAsync("austen", default)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_pulled_by_the_node_with_its_progress_in_lines()
    {
        await using var files = await ModelServer.StartAsync(ModelServer.File(PullBench.Model));
        await using var server = await ModelAdminServer.StartAsync();
        var request = new ModelPullRequest { Source = files.AddressOf("files.test"), Sha256 = PullBench.Sha256(PullBench.Model), Name = "fresh" };

        Assert.Equal(0, await NodeAsync(server, work => work.PullAsync(request, default)));

        Assert.Contains("Pulled fresh (2.1 MB), verified.", Said(), StringComparison.Ordinal);
        Assert.True(File.Exists(server.Bench.Store.Resolve("fresh")));
        var failed = await Assert.ThrowsAsync<NodeClientException>(() => NodeAsync(server, work => work.PullAsync(
            new ModelPullRequest { Source = request.Source, Sha256 = new string('a', 64), Name = "wrong" }, default)));
        Assert.Contains("SHA-256", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_pull_says_what_is_kept()
    {
        var gate = new TaskCompletionSource();
        await using var files = await ModelServer.StartAsync(async context =>
        {
            context.Response.ContentLength = PullBench.Model.Length;
            await context.Response.Body.WriteAsync(PullBench.Model.AsMemory(0, 1 << 20));
            await context.Response.Body.FlushAsync();
            await gate.Task;
        });
        await using var server = await ModelAdminServer.StartAsync();
        using var cancel = new CancellationTokenSource();
        var pulling = NodeAsync(server, work => work.PullAsync(
            new ModelPullRequest { Source = files.AddressOf("files.test"), Sha256 = PullBench.Sha256(PullBench.Model) }, cancel.Token));
        var partials = new Mycel.Node.Models.Pulling.PartialFiles(server.Bench.Store.Folder);
        await Until.TrueAsync(() => partials.List().Any(partial => partial.ReceivedBytes == 1 << 20), "the first bytes");

        await cancel.CancelAsync();

        Assert.Equal(1, await pulling);
        Assert.Contains("1 MB of 2.1 MB are kept; the same command goes on from there", _error.ToString(), StringComparison.Ordinal);
        gate.SetResult();
    }

    [Theory]
    [InlineData("models pull", "'mycel models pull' needs SOURCE")]
    [InlineData("models load x --slots 65", "--slots takes a whole number from 1 to 64")]
    [InlineData("models lod x", "Did you mean 'load'?")]
    public async Task A_mistake_is_named(string line, string said)
    {
        Assert.Equal(ExitCode.Usage, await CommandLine.RunAsync(line.Split(' '), _output, _error));
        Assert.Contains(said, _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_not_there_keeps_the_node_from_starting()
    {
        var code = await CommandLine.RunAsync(["serve", "--data-dir", _folder.File("data"), "--port", "0", "--model", _folder.File("nope.gguf")], _output, _error);

        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("There is no model file", _error.ToString(), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("data")));
    }

    [Fact]
    public async Task A_relay_that_was_not_added_leaves_nothing_on_standard_output()
    {
        await using var server = await StubServer.OnPortAsync(StubServer.Json(502, """{"error":{"message":"The relay http://x was not added.","code":"relay_unreachable"}}"""));

        var code = await CommandLine.RunAsync(["relay", "add", "http://x", "--endpoint", server.Address.Display], _output, _error);

        Assert.Equal((1, ""), (code, _output.ToString()));
        Assert.Equal("error: The relay http://x was not added.\n", _error.ToString());
    }

    private void Put(string name)
    {
        var store = new ModelStore(_folder.File("models"));
        store.EnsureFolder();
        File.Copy(ServedModels.DemoPath, Path.Combine(store.Folder, name + ".gguf"));
    }

    private string Said()
    {
        var said = _output.ToString();
        _output.GetStringBuilder().Clear();
        return said;
    }

    private async Task<int> OwnAsync(Func<ModelsWork, Task<int>> run)
    {
        using var node = new NodeClient(NodeAddress.OfSocket(_folder.File("no.sock")), ModelsWork.Timeout);
        return await run(new ModelsWork(node, () => Options, Console));
    }

    private async Task<int> NodeAsync(ModelAdminServer server, Func<ModelsWork, Task<int>> run)
    {
        using var node = new NodeClient(NodeAddress.OfEndpoint(server.Client.BaseAddress!.ToString(), null), ModelsWork.Timeout);
        return await run(new ModelsWork(node, () => null, Console));
    }
}
