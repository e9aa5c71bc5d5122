using Mycel.Llama.Gguf;
using Mycel.Node.Cli.Client;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Cli.LocalModels;

/// <summary>The models folder as a node would tell of it, for when none runs.</summary>
/// <param name="options">The settings.</param>
internal sealed class OwnModels(MycelOptions options)
{
    private const int MaxTemplateText = 2_000;

    private readonly ModelStore _store = new(options.Models.Dir);

    /// <summary>The models in the folder.</summary>
    public LocalModelListReply List() => new() { Models = [.. _store.List().Select(ReplyOf)] };

    /// <summary>What is left of interrupted downloads.</summary>
    public PullStateListReply Pulls() => new()
    {
        Pulls = [.. new PartialFiles(_store.Folder).List().Select(partial => new PullStateReply
        {
            Id = partial.Id,
            Source = partial.Note.Source,
            Name = partial.Note.Name,
            State = "interrupted",
            ReceivedBytes = partial.ReceivedBytes,
            TotalBytes = partial.Note.TotalBytes,
        })],
    };

    /// <summary>One model: a name of the folder, or any file's path.</summary>
    public LocalModelReply Show(string nameOrPath) => Told(() =>
    {
        StoredModel model = _store.Describe(_store.Resolve(nameOrPath)) ?? throw ModelException.NotFound($"{nameOrPath} is gone.");
        return ReplyOf(model) with { Sha256 = model.Note?.Sha256, Memory = model.Facts is null ? null : MemoryOf(model.Facts), ChatTemplate = TemplateOf(model) };
    });

    /// <summary>Deletes a model, or what is left of its download; the bytes that were freed.</summary>
    public long Remove(string name) => Told(() =>
    {
        if (_store.Find(name) is { } path)
        {
            long bytes = new FileInfo(path).Length;
            _store.Remove(name);
            return bytes;
        }

        PartialFiles partials = new(_store.Folder);
        List<PartialDownload> left = [.. partials.List().Where(partial => partial.Note.Name == ModelName.WithoutExtension(name))];
        if (left.Count == 0) _store.Remove(name);
        foreach (PartialDownload partial in left) partials.DeleteUnused(partial.Id);
        return left.Sum(partial => partial.ReceivedBytes);
    });

    /// <summary>The known models, ranked.</summary>
    public RecommendedModelsReply Recommend()
    {
        RecommendedModels ranked = Recommender.Rank(options.Engine, new MachineMemory().ReadAvailableBytes(), _store.Names());
        return new RecommendedModelsReply
        {
            BudgetBytes = ranked.BudgetBytes,
            Configured = ranked.IsConfigured,
            Models = [.. ranked.Models.Select(one => new RecommendedModelsReply.RecommendedModel
            {
                Name = one.Model.Name,
                Source = one.Model.Source,
                Purpose = one.Model.Purpose.ToString().ToLowerInvariant(),
                FileBytes = one.Model.Bytes,
                Exact = one.Model.IsExactSize,
                Parameters = one.Model.Parameters,
                Quantization = one.Model.Quantization,
                ContextTrain = one.Model.ContextLength,
                Licence = one.Model.Licence,
                Tier = one.Tier,
                Fits = one.Fits,
                Context = one.ContextLength,
                Slots = one.Slots,
                NeededBytes = one.NeededBytes,
                Pulled = one.IsPulled,
            })],
        };
    }

    private LocalModelReply ReplyOf(StoredModel model) => new()
    {
        Name = model.Name,
        Path = model.Path,
        FileBytes = model.FileBytes,
        State = "available",
        Error = model.Problem,
        Source = "folder",
        PulledFrom = model.Note?.Source,
        Architecture = model.Facts?.Architecture,
        Parameters = model.Facts?.ParameterCount,
        Quantization = model.Facts?.Quantization,
        ContextTrain = model.Facts?.ContextLength,
        Tags = model.Facts?.Tags ?? [],
        Tier = model.Facts?.Tier,
        Embedding = model.Facts?.IsEmbedding ?? false,
        EstimatedBytes = model.Facts is null ? null : MemoryOf(model.Facts).TotalBytes,
    };

    private ModelMemory MemoryOf(ModelFacts facts)
    {
        long budget = EngineSizing.Budget(options.Engine);
        EngineSize size = EngineSizing.Choose(facts, options.Engine.ContextLength, options.Engine.Slots, budget);
        MemoryPlan plan = size.Plan;
        return new ModelMemory
        {
            Fits = plan.TotalBytes <= budget,
            Context = size.ContextLength,
            Slots = size.Slots,
            WeightBytes = plan.WeightBytes,
            CacheBytes = plan.CacheBytes,
            ComputeBytes = plan.ComputeBytes,
            OutputBytes = plan.OutputBytes,
            TotalBytes = plan.TotalBytes,
            BudgetBytes = budget,
        };
    }

    private static string? TemplateOf(StoredModel model)
    {
        if (model.Facts is not { HasChatTemplate: true }) return null;
        string? text = GgufHeader.Read(model.Path).GetString("tokenizer.chat_template");
        return text?.Length > MaxTemplateText ? text[..MaxTemplateText] + "…" : text;
    }

    private static T Told<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is ModelException or GgufException or IOException or UnauthorizedAccessException)
        {
            throw new NodeClientException(error.Message, inner: error);
        }
    }
}
