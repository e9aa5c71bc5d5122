using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;
using Mycel.Node.Configuration;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>
/// What the <c>models</c> commands do. Where no node runs and the command line means this machine, those that need none work on the models
/// folder themselves.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="settings">The settings of this machine's node, read when they are needed; null when another node is meant.</param>
/// <param name="console">Where to write.</param>
internal sealed class ModelsWork(NodeClient node, Func<MycelOptions?> settings, CliConsole console)
{
    /// <summary>How long the node may take: loading a large model from a slow disk takes minutes.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromHours(1);

    private const string Route = "v1/node/models";

    private static readonly TimeSpan ProgressStep = TimeSpan.FromMilliseconds(300);

    /// <summary>Shows the models.</summary>
    public async Task<int> ListAsync(bool json, CancellationToken cancel)
    {
        (JsonElement reply, OwnModels? own) = await AskAsync(
            () => node.GetAsync(Route, cancel), models => JsonSerializer.SerializeToElement(models.List(), ClientJson.Default.LocalModelListReply));
        if (json) return Print(reply);
        LocalModelListReply list = node.Read(reply, ClientJson.Default.LocalModelListReply);
        PullStateListReply pulls = own is null ? await node.GetAsync(Route + "/pulls", ClientJson.Default.PullStateListReply, cancel) : own.Pulls();
        if (list.Models.Count == 0 && pulls.Pulls.Count == 0)
            console.Out.WriteLine("No local models yet. mycel models recommend shows some that fit this machine; mycel models pull NAME gets one.");
        else ModelTable.Write(list.Models, pulls.Pulls, console);
        return ExitCode.Ok;
    }

    /// <summary>Shows one model.</summary>
    public async Task<int> ShowAsync(string model, bool json, CancellationToken cancel)
    {
        (JsonElement reply, _) = ModelName.IsPath(model) && settings() is { } here
            ? (JsonSerializer.SerializeToElement(new OwnModels(here).Show(model), ClientJson.Default.LocalModelReply), null)
            : await AskAsync(
                () => node.GetAsync($"{Route}/{Uri.EscapeDataString(model)}", cancel),
                own => JsonSerializer.SerializeToElement(own.Show(model), ClientJson.Default.LocalModelReply));
        if (json) return Print(reply);
        ModelCard.Write(node.Read(reply, ClientJson.Default.LocalModelReply), console);
        return ExitCode.Ok;
    }

    /// <summary>Ranks the known models.</summary>
    public async Task<int> RecommendAsync(bool json, CancellationToken cancel)
    {
        (JsonElement reply, _) = await AskAsync(
            () => node.GetAsync(Route + "/recommended", cancel), own => JsonSerializer.SerializeToElement(own.Recommend(), ClientJson.Default.RecommendedModelsReply));
        if (json) return Print(reply);
        RecommendTable.Write(node.Read(reply, ClientJson.Default.RecommendedModelsReply), console);
        return ExitCode.Ok;
    }

    /// <summary>Downloads a model: in the node where one runs, else here.</summary>
    public async Task<int> PullAsync(ModelPullRequest request, CancellationToken cancel)
    {
        using Interrupt interrupt = new(cancel);
        try
        {
            return await new PullWork(new NodePulls(node), console).RunAsync(request, interrupt.Token);
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning && settings() is { } here)
        {
            await using OwnPulls own = new(here);
            return await new PullWork(own, console).RunAsync(request, interrupt.Token);
        }
    }

    /// <summary>Loads a model, and shows how far that is.</summary>
    public async Task<int> LoadAsync(ModelLoadRequest request, CancellationToken cancel)
    {
        Task<LocalModelReply> loading = PostAsync("/load", request, ClientJson.Default.ModelLoadRequest, ClientJson.Default.LocalModelReply, cancel);
        LocalModelReply model = console.OutputIsTerminal ? await ShowLoadingAsync(loading, request, cancel) : await loading;
        string memory = (model.ProcessBytes ?? model.EstimatedBytes) is { } bytes ? $", {HumanFormat.Bytes(bytes)} of memory" : "";
        string context = model is { Context: { } tokens, Slots: { } slots } ? $", {HumanFormat.Of(slots, "request")} at once of {ModelTable.Tokens(tokens)} tokens" : "";
        console.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Loaded {Printable.Line(model.Name)}{(model.Device is { } device ? $" on {Printable.Line(device)}" : "")}{context}{memory}.{(model.Embedding ? "" : $" Talk with it: mycel chat --model {Printable.Line(model.Name)}")}");
        return ExitCode.Ok;
    }

    /// <summary>Takes a model out of memory.</summary>
    public async Task<int> UnloadAsync(string model, CancellationToken cancel)
    {
        string json = JsonSerializer.Serialize(new ModelUnloadRequest { Model = model }, ClientJson.Default.ModelUnloadRequest);
        await node.PostAsync(Route + "/unload", json, cancel);
        console.Out.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Unloaded {Printable.Line(model)}.");
        return ExitCode.Ok;
    }

    /// <summary>Deletes a model, after asking where a person can be asked.</summary>
    public async Task<int> RemoveAsync(string model, bool yes, CancellationToken cancel)
    {
        if (!yes && !Confirm(model)) return ExitCode.Failed;
        long freed;
        try
        {
            JsonElement reply = await node.SendForJsonAsync(HttpMethod.Delete, $"{Route}/{Uri.EscapeDataString(model)}", null, cancel);
            freed = reply.ValueKind == JsonValueKind.Object && reply.TryGetProperty("freed_bytes", out JsonElement bytes) && bytes.TryGetInt64(out long count) ? count : 0;
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning && settings() is { } here)
        {
            freed = new OwnModels(here).Remove(model);
        }

        console.Out.WriteLine($"{console.Styled("✓", TextStyle.Accent)} Deleted {Printable.Line(model)}; {HumanFormat.Bytes(freed)} are free again.");
        return ExitCode.Ok;
    }

    private bool Confirm(string model)
    {
        if (!console.IsInteractive) throw new NodeClientException($"Deleting cannot be undone. Say so with: mycel models rm {Printable.Line(model)} --yes", ExitCode.Usage);
        console.Out.Write($"Delete {Printable.Line(model)} from the disk? [y/N] ");
        console.Out.Flush();
        if (Console.ReadLine()?.Trim() is "y" or "Y" or "yes") return true;
        console.Out.WriteLine("Nothing was deleted.");
        return false;
    }

    private async Task<LocalModelReply> ShowLoadingAsync(Task<LocalModelReply> loading, ModelLoadRequest request, CancellationToken cancel)
    {
        string name = request.Name ?? ModelName.OfFile(request.Model) ?? request.Model;
        try
        {
            while (await Task.WhenAny(loading, Task.Delay(ProgressStep, cancel)) != loading)
            {
                cancel.ThrowIfCancellationRequested();
                string done = await ProgressOfAsync(name, cancel) is { } part ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $" {Math.Floor(part * 100)} %") : "";
                console.Out.Write($"\r{console.Styled($"Loading {Printable.Line(name, 40)} …{done}", TextStyle.Dim)}\e[K");
                console.Out.Flush();
            }
        }
        finally
        {
            console.Out.Write("\r\e[K");
            console.Out.Flush();
        }

        return await loading;
    }

    private async Task<double?> ProgressOfAsync(string name, CancellationToken cancel)
    {
        try
        {
            LocalModelReply model = await node.GetAsync($"{Route}/{Uri.EscapeDataString(name)}", ClientJson.Default.LocalModelReply, cancel);
            return model.State == "loading" ? model.Progress : null;
        }
        catch (NodeClientException)
        {
            // Only a look in between: what goes wrong shows in the answer that is waited for.
            return null;
        }
    }

    private async Task<TReply> PostAsync<TRequest, TReply>(string path, TRequest request, JsonTypeInfo<TRequest> form, JsonTypeInfo<TReply> type, CancellationToken cancel) =>
        await node.PostAsync(Route + path, JsonSerializer.Serialize(request, form), type, cancel);

    /// <summary>Asks the node, or looks into the models folder when no node runs on this machine.</summary>
    private async Task<(JsonElement Reply, OwnModels? Own)> AskAsync(Func<Task<JsonElement>> ask, Func<OwnModels, JsonElement> look)
    {
        try
        {
            return (await ask(), null);
        }
        catch (NodeClientException error) when (error.ExitCode == ExitCode.NotRunning && settings() is { } here)
        {
            OwnModels own = new(here);
            return (look(own), own);
        }
    }

    private int Print(JsonElement reply)
    {
        console.Out.WriteLine(ClientJson.Format(reply));
        return ExitCode.Ok;
    }
}
