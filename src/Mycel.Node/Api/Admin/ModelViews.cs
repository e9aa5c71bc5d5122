using System.Globalization;
using System.Text.Json.Nodes;
using Mycel.Llama.Gguf;
using Mycel.Node.Backends.Local;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Api.Admin;

/// <summary>Puts together what is known of local models from what runs, what lies in the models folder, and what is being pulled.</summary>
/// <param name="models">What is announced.</param>
/// <param name="store">The models folder.</param>
/// <param name="puller">The downloads.</param>
/// <param name="options">The settings.</param>
internal sealed class ModelViews(ILocalModels models, ModelStore store, ModelPuller puller, IOptionsSource options)
{
    private const int MaxMetadata = 200;
    private const int MaxMetadataText = 200;
    private const int MaxTemplateText = 2_000;
    private const string TemplateKey = "tokenizer.chat_template";

    /// <summary>All of them: the announced, then the other files of the folder, then what is on its way.</summary>
    public ModelListReply List()
    {
        var budget = EngineSizing.Budget(options.Current.Engine);
        var announced = models.List();
        var paths = announced.Select(status => status.Spec.Path).ToHashSet(StringComparer.Ordinal);
        var pulls = puller.List().Where(pull => pull.State is PullState.Queued or PullState.Running or PullState.Verifying).ToList();
        return new ModelListReply(
        [
            .. announced.Select(status => Announced(status, budget)),
            .. store.List().Where(model => !paths.Contains(model.Path)).Select(model => Available(model, budget)),
            .. pulls.Select(Pulling),
        ]);
    }

    /// <summary>One model with all that is known of it, or null.</summary>
    public ModelReply? Detail(string name)
    {
        var budget = EngineSizing.Budget(options.Current.Engine);
        var status = Find(name);
        var stored = status is not null ? store.Describe(status.Spec.Path) : store.Find(name) is { } path ? store.Describe(path) : null;
        if (status is null && stored is null) return null;
        var reply = status is not null ? Announced(status, budget) : Available(stored!, budget);
        var header = stored?.Facts is null ? null : ReadHeader(stored.Path);
        return reply with
        {
            Sha256 = stored?.Note?.Sha256,
            Memory = stored?.Facts is { } facts ? MemoryOf(facts, status?.Spec, budget) : null,
            ChatTemplate = Cut(header?.GetString(TemplateKey), MaxTemplateText),
            Metadata = header is null ? null : Excerpt(header),
        };
    }

    /// <summary>An announced model by its name, or null.</summary>
    public LocalModelStatus? Find(string name) => models.List().FirstOrDefault(status => status.Spec.Name == name);

    /// <summary>An announced model.</summary>
    public ModelReply Announced(LocalModelStatus status) => Announced(status, EngineSizing.Budget(options.Current.Engine));

    /// <summary>A download as replies have it.</summary>
    public static PullReply ReplyOf(PullStatus pull) => new(
        pull.Id, pull.Source, pull.Name, pull.State.ToString().ToLowerInvariant(), pull.ReceivedBytes, pull.TotalBytes, (long)pull.BytesPerSecond, Seconds(pull.Remaining),
        pull.Note, pull.Error is { } error ? new PullErrorReply(error.Code, error.Message) : null, pull.Path);

    private ModelReply Announced(LocalModelStatus status, long budget)
    {
        var stored = store.Describe(status.Spec.Path);
        var facts = stored?.Facts;
        return WithFacts(stored, new ModelReply
        {
            Name = status.Spec.Name,
            Path = status.Spec.Path,
            State = status.State.ToString().ToLowerInvariant(),
            Progress = status.State == LocalModelState.Loaded ? 1 : Math.Round(status.Progress, 3),
            Error = status.Error ?? stored?.Problem ?? (stored is null ? "The file is gone." : null),
            Source = status.Spec.Source,
            Context = status.Model?.ContextLength ?? status.Spec.ContextLength,
            Slots = status.Model?.Slots ?? status.Spec.Slots,
            InFlight = status.InFlight,
            EstimatedBytes = status.EstimatedBytes > 0 ? status.EstimatedBytes : facts is null ? null : MemoryOf(facts, status.Spec, budget).TotalBytes,
            ProcessBytes = status.Statistics is { ProcessBytes: > 0 } statistics ? statistics.ProcessBytes : null,
            Device = status.Model?.Device,
            Threads = status.Model is { Threads: > 0 } model ? model.Threads : null,
            TokensPerSecond = status.TokensPerSecond is { } rate ? Math.Round(rate, 1) : null,
            LoadedAt = status.LoadedAt,
            LastUsedAt = status.LastUsedAt,
            Restarts = status.Restarts,
        });
    }

    private ModelReply Available(StoredModel model, long budget) => WithFacts(model, new ModelReply
    {
        Name = model.Name,
        Path = model.Path,
        State = "available",
        Error = model.Problem,
        Source = "folder",
        EstimatedBytes = model.Facts is null ? null : MemoryOf(model.Facts, null, budget).TotalBytes,
    });

    private ModelReply Pulling(PullStatus pull) => new()
    {
        Name = pull.Name,
        Path = Path.Combine(store.Folder, pull.Name + ModelName.Extension),
        FileBytes = pull.TotalBytes,
        State = "pulling",
        Source = "folder",
        PulledFrom = pull.Source,
        Pull = new ModelPullProgress(pull.Id, pull.ReceivedBytes, pull.TotalBytes, (long)pull.BytesPerSecond, Seconds(pull.Remaining)),
    };

    private static ModelReply WithFacts(StoredModel? stored, ModelReply reply) => stored is null ? reply : reply with
    {
        FileBytes = stored.FileBytes,
        PulledFrom = stored.Note?.Source,
        Architecture = stored.Facts?.Architecture,
        Parameters = stored.Facts?.ParameterCount,
        Quantization = stored.Facts?.Quantization,
        ContextTrain = stored.Facts?.ContextLength,
        Tags = stored.Facts?.Tags ?? [],
        Tier = stored.Facts?.Tier,
        Embedding = stored.Facts?.IsEmbedding ?? false,
    };

    private ModelMemoryReply MemoryOf(ModelFacts facts, LocalModelSpec? spec, long budget)
    {
        var engine = options.Current.Engine;
        var size = EngineSizing.Choose(facts, spec?.ContextLength ?? engine.ContextLength, spec?.Slots ?? engine.Slots, budget);
        var plan = size.Plan;
        return new ModelMemoryReply(
            plan.TotalBytes <= budget, size.ContextLength, size.Slots, plan.WeightBytes, plan.CacheBytes, plan.ComputeBytes, plan.OutputBytes, plan.TotalBytes, budget);
    }

    private static GgufHeader? ReadHeader(string path)
    {
        try
        {
            return GgufHeader.Read(path);
        }
        catch (Exception error) when (error is GgufException or IOException or UnauthorizedAccessException)
        {
            // It has changed since its facts were read; the excerpt is then left out.
            return null;
        }
    }

    private static JsonObject Excerpt(GgufHeader header)
    {
        JsonObject excerpt = [];
        foreach (var (key, value) in header.Metadata.Where(pair => pair.Key != TemplateKey).OrderBy(pair => pair.Key, StringComparer.Ordinal).Take(MaxMetadata))
            excerpt[key] = NodeOf(value);
        return excerpt;
    }

    private static JsonValue? NodeOf(object value) => value switch
    {
        string text => JsonValue.Create(Cut(text, MaxMetadataText)),
        bool flag => JsonValue.Create(flag),
        long number => JsonValue.Create(number),
        double number when double.IsFinite(number) => JsonValue.Create(number),
        GgufArray array => JsonValue.Create(string.Create(CultureInfo.InvariantCulture, $"({array.Count:N0} values)")),
        _ => JsonValue.Create(Cut(Convert.ToString(value, CultureInfo.InvariantCulture), MaxMetadataText)),
    };

    private static string? Cut(string? text, int length) => text is null || text.Length <= length ? text : text[..length] + "…";

    private static long? Seconds(TimeSpan? span) => span is { } time ? (long)Math.Ceiling(time.TotalSeconds) : null;
}
