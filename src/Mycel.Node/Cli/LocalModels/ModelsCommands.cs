using System.CommandLine;
using System.CommandLine.Completions;
using Mycel.Node.Cli.Client;
using Mycel.Node.Configuration;
using Mycel.Node.Models;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>The <c>models</c> commands.</summary>
internal sealed class ModelsCommands
{
    private readonly NodeOptions _node = new();

    private ModelsCommands()
    {
    }

    /// <summary>Makes the group.</summary>
    public static Command Build()
    {
        ModelsCommands commands = new();
        CliCommand group = new("models", "The models that this machine computes itself: get, load and look at them")
        {
            Examples = ["mycel models recommend", "mycel models pull qwen3-4b", "mycel models load qwen3-4b", "mycel models list"],
        };
        group.Subcommands.Add(commands.BuildList());
        group.Subcommands.Add(commands.BuildRecommend());
        group.Subcommands.Add(commands.BuildPull());
        group.Subcommands.Add(commands.BuildLoad());
        group.Subcommands.Add(commands.BuildUnload());
        group.Subcommands.Add(commands.BuildShow());
        group.Subcommands.Add(commands.BuildRemove());
        return group;
    }

    private CliCommand BuildList()
    {
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("list", "Show the local models, announced or only in the models folder") { Examples = ["mycel models list", "mycel models list --json"] };
        command.Aliases.Add("ls");
        Add(command, json);
        Runs(command, (work, line, cancel) => work.ListAsync(line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildRecommend()
    {
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("recommend", "Rank well-known models by what fits this machine's memory") { Examples = ["mycel models recommend"] };
        Add(command, json);
        Runs(command, (work, line, cancel) => work.RecommendAsync(line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildPull()
    {
        Argument<string> source = new("SOURCE") { HelpName = "SOURCE", Description = "Name that 'mycel models recommend' shows, hf:ORG/REPO:FILE.gguf, or an https address" };
        source.CompletionSources.Add(_ => KnownModels.All.Select(model => new CompletionItem(model.Name)));
        Option<string?> sha256 = new("--sha256") { Description = "SHA-256 of the file; needed with an https address", HelpName = "HEX" };
        Option<string?> name = new("--name") { Description = "Name to keep it under (default: the file's)", HelpName = "NAME" };
        CliCommand command = new("pull", "Download a model, or go on with a download; Ctrl-C keeps what has come")
        {
            Examples =
            [
                "mycel models pull smollm2-135m",
                "mycel models pull hf:Qwen/Qwen3-4B-GGUF:Qwen3-4B-Q4_K_M.gguf --name qwen",
                "mycel models pull https://example.org/model.gguf --sha256 0123…cdef",
            ],
        };
        command.Arguments.Add(source);
        Add(command, sha256, name);
        Runs(command, (work, line, cancel) => work.PullAsync(
            new ModelPullRequest { Source = line.GetRequiredValue(source), Sha256 = line.GetValue(sha256), Name = line.GetValue(name) }, cancel));
        return command;
    }

    private CliCommand BuildLoad()
    {
        Argument<string> model = new("NAME|PATH") { HelpName = "NAME|PATH", Description = "Name of a local model, or the path of a GGUF file" };
        model.CompletionSources.Add(CompleteNames);
        Option<string?> name = new("--name") { Description = "Name to announce it under (default: its own)", HelpName = "NAME" };
        Option<int?> context = Number("--context", 1, 16_777_216, "Tokens a request may use (default: engine.context)");
        Option<int?> slots = Number("--slots", 1, 64, "Requests computed at once (default: engine.slots)");
        Option<int?> layers = Number("--gpu-layers", 0, 10_000, "Layers put on a GPU (default: all)");
        CliCommand command = new("load", "Announce a model in the running node and load it")
        {
            Examples = ["mycel models load qwen3-4b", "mycel models load ~/models/my.gguf --name mine --context 8192 --slots 2"],
        };
        command.Arguments.Add(model);
        Add(command, name, context, slots, layers);
        Runs(command, (work, line, cancel) => work.LoadAsync(
            new ModelLoadRequest
            {
                Model = FullPath(line, line.GetRequiredValue(model)),
                Name = line.GetValue(name),
                Context = line.GetValue(context),
                Slots = line.GetValue(slots),
                GpuLayers = line.GetValue(layers),
            },
            cancel));
        return command;
    }

    private CliCommand BuildUnload()
    {
        Argument<string> model = new("NAME") { HelpName = "NAME", Description = "Name of an announced model" };
        model.CompletionSources.Add(CompleteNames);
        CliCommand command = new("unload", "Take a model out of memory; the node announces it no longer") { Examples = ["mycel models unload qwen3-4b"] };
        command.Arguments.Add(model);
        Add(command);
        Runs(command, (work, line, cancel) => work.UnloadAsync(line.GetRequiredValue(model), cancel));
        return command;
    }

    private CliCommand BuildShow()
    {
        Argument<string> model = new("NAME|PATH") { HelpName = "NAME|PATH", Description = "Name of a local model, or the path of a GGUF file" };
        model.CompletionSources.Add(CompleteNames);
        Option<bool> json = CliCommand.JsonOption();
        CliCommand command = new("show", "Show what a model is, and the memory it would take") { Examples = ["mycel models show qwen3-4b", "mycel models show ./my.gguf"] };
        command.Arguments.Add(model);
        Add(command, json);
        Runs(command, (work, line, cancel) => work.ShowAsync(FullPath(line, line.GetRequiredValue(model)), line.GetValue(json), cancel));
        return command;
    }

    private CliCommand BuildRemove()
    {
        Argument<string> model = new("NAME") { HelpName = "NAME", Description = "Name of a model in the models folder, or of an interrupted download" };
        model.CompletionSources.Add(CompleteNames);
        Option<bool> yes = new("--yes", "-y") { Description = "Do not ask" };
        CliCommand command = new("rm", "Delete a model from the models folder") { Examples = ["mycel models rm qwen3-4b"] };
        command.Aliases.Add("remove");
        command.Arguments.Add(model);
        Add(command, yes);
        Runs(command, (work, line, cancel) => work.RemoveAsync(line.GetRequiredValue(model), line.GetValue(yes), cancel));
        return command;
    }

    private static Option<int?> Number(string name, int least, int most, string description)
    {
        Option<int?> option = CliCommand.NumberOption(name, least, most);
        option.Description = description;
        option.HelpName = "N";
        return option;
    }

    /// <summary>A path as the node of this machine understands it: full. Another machine's node has other paths.</summary>
    private string FullPath(ParseResult line, string model)
    {
        if (!_node.MeansThisMachine(line)) return model;
        if (model.StartsWith("~/", StringComparison.Ordinal)) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), model[2..]);
        bool isFileHere = model.EndsWith(ModelName.Extension, StringComparison.OrdinalIgnoreCase) && File.Exists(model);
        return ModelName.IsPath(model) || isFileHere ? Path.GetFullPath(model) : model;
    }

    private void Add(CliCommand command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options) command.Options.Add(option);
        _node.AddWithFleetTo(command);
    }

    private void Runs(CliCommand command, Func<ModelsWork, ParseResult, CancellationToken, Task<int>> run) => command.Runs(async (line, console, cancel) =>
    {
        using NodeClient node = _node.Connect(line, ModelsWork.Timeout);
        return await run(new ModelsWork(node, () => _node.LoadSettings(line), console), line, cancel);
    });

    private IEnumerable<CompletionItem> CompleteNames(CompletionContext context)
    {
        List<CompletionItem> names = [.. NodeCompletions.LocalModels(() => _node.Connect(context.ParseResult))];
        return names.Count > 0 ? names : NodeCompletions.ModelFiles();
    }
}
