using Microsoft.AspNetCore.Mvc;
using Mycel.Llama.Gguf;
using Mycel.Node.Backends.Local;
using Mycel.Node.Configuration;
using Mycel.Node.Models;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Api.Admin;

/// <summary>The models this node computes itself: <c>/v1/node/models</c>.</summary>
internal static partial class ModelEndpoints
{
    private const string Route = "/v1/node/models";

    /// <summary>Adds what the endpoints need beside <see cref="ILocalModels"/> and <see cref="ModelServices.AddModels"/>.</summary>
    public static void AddModelEndpoints(this IServiceCollection services) => services.AddSingleton<ModelViews>();

    /// <summary>Maps the endpoints.</summary>
    public static void MapLocalModels(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup(Route).WithTags("Local models").WithMetadata(Access.Admin);
        group.MapGet("", ListAsync).WithSummary("Lists the local models: announced, in the models folder, and on their way").Produces<ModelListReply>();
        group.MapGet("/recommended", RecommendedAsync).WithSummary("Ranks the known models by what fits this machine's memory").Produces<RecommendedReply>();
        group.MapGet("/{name}", ShowAsync).WithSummary("Shows a local model, what its file says, and the memory it would take")
            .Produces<ModelReply>().Produces(StatusCodes.Status404NotFound);
        group.MapPost("/load", LoadAsync).WithSummary("Announces a model and loads it").WithJsonBody<LoadModelRequest>()
            .Produces<ModelReply>().Produces<ModelReply>(StatusCodes.Status202Accepted);
        group.MapPost("/unload", UnloadAsync).WithSummary("Takes a model out of memory and announces it no longer").WithJsonBody<UnloadModelRequest>().Produces<ModelUnloadedReply>();
        group.MapDelete("/{name}", RemoveAsync).WithSummary("Deletes a model of the models folder, or what is left of an interrupted pull")
            .Produces<ModelRemovedReply>().Produces(StatusCodes.Status404NotFound).Produces(StatusCodes.Status409Conflict);
        group.MapPulls();
    }

    private static Task ListAsync(HttpContext context, [FromServices] ModelViews views) =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.List(), ModelJson.Default.ModelListReply);

    private static Task ShowAsync(HttpContext context, string name, [FromServices] ModelViews views) => ModelGuard.RunAsync(context, () =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.Detail(name) ?? throw NotFound(name), ModelJson.Default.ModelReply));

    private static Task RecommendedAsync(HttpContext context, [FromServices] ModelStore store, [FromServices] IOptionsSource options)
    {
        var ranked = Recommender.Rank(options.Current.Engine, new MachineMemory().ReadAvailableBytes(), store.Names());
        return AdminReply.WriteAsync(context, StatusCodes.Status200OK, RecommendedView.Of(ranked), ModelJson.Default.RecommendedReply);
    }

    private static Task LoadAsync(
        HttpContext context, [FromServices] ILocalModels models, [FromServices] ModelStore store, [FromServices] ModelViews views, [FromServices] ILogger<ModelViews> logger) =>
        ModelGuard.RunAsync(context, async () =>
        {
            if (await AdminBody.ReadAsync(context, ModelJson.Default.LoadModelRequest) is not { } request) return;
            var spec = SpecOf(request, models, store);
            if (request.Wait ?? true)
            {
                var loaded = await models.LoadAsync(spec, context.RequestAborted);
                await AdminReply.WriteAsync(context, StatusCodes.Status200OK, views.Announced(loaded), ModelJson.Default.ModelReply);
                return;
            }
            var loading = models.LoadAsync(spec, CancellationToken.None);
            // What is wrong with the request shows at once; what goes wrong later shows in the model's state.
            if (loading.IsFaulted) await loading;
            _ = NoteFailureAsync(loading, spec.Name, logger);
            var reply = views.Find(spec.Name) is { } status ? views.Announced(status) : new ModelReply { Name = spec.Name, Path = spec.Path, State = "loading", Source = spec.Source };
            await AdminReply.WriteAsync(context, StatusCodes.Status202Accepted, reply, ModelJson.Default.ModelReply);
        });

    private static async Task NoteFailureAsync(Task<LocalModelStatus> loading, string name, ILogger logger)
    {
        try
        {
            await loading;
        }
        catch (ModelException refusal)
        {
            LogNotLoaded(logger, name, refusal.Message);
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    /// <summary>What to load: an announced model again, or a file under a name of its own.</summary>
    private static LocalModelSpec SpecOf(LoadModelRequest request, ILocalModels models, ModelStore store)
    {
        if (string.IsNullOrEmpty(request.Model)) throw new ModelException(400, "missing_required_parameter", "Name the model by 'model': a name, or the full path of a GGUF file.");
        CheckRanges(request);
        var announced = models.List();
        var same = request.Name is null ? announced.FirstOrDefault(status => status.Spec.Name == request.Model)?.Spec : null;
        if (same is null && ModelName.IsPath(request.Model) && !Path.IsPathFullyQualified(request.Model))
            throw ModelException.Invalid("The path of a model must be a full one, beginning with a slash: the node's own folder is not the caller's.");
        // The small model that comes with the program is known by its name, unless the folder has one of that name.
        if (same is null && request.Model == ConfigurationLoader.DemoModelName && store.Find(request.Model) is null)
            same = new LocalModelSpec(request.Name ?? ConfigurationLoader.DemoModelName, ServedModels.DemoPath) { Source = "demo" };
        var path = same?.Path ?? store.Resolve(request.Model);
        if (store.Describe(path) is { Problem: { } problem }) throw new ModelException(400, "not_a_model", problem);
        var name = request.Name ?? same?.Name ?? ModelName.OfFile(path) ?? throw ModelException.Invalid("No name can be made from the file's; give one in 'name'.");
        if (!ModelName.IsName(name)) throw ModelException.Invalid($"A model's name has {ModelName.Accepted}.");
        if (announced.FirstOrDefault(status => status.Spec.Name == name)?.Spec is { } other)
        {
            if (other.Path != path) throw new ModelException(409, "model_exists", $"Another file is announced as '{name}' ({other.Path}). Give this one another name in 'name'.");
            same = other;
        }
        var spec = same ?? new LocalModelSpec(name, path);
        return spec with
        {
            ContextLength = request.Context ?? spec.ContextLength,
            Slots = request.Slots ?? spec.Slots,
            GpuLayers = request.GpuLayers ?? spec.GpuLayers,
        };
    }

    private static void CheckRanges(LoadModelRequest request)
    {
        if (request.Context is < 1 or > 16_777_216) throw ModelException.Invalid("context must be from 1 to 16777216 tokens.");
        if (request.Slots is < 1 or > 64) throw ModelException.Invalid("slots must be from 1 to 64.");
        if (request.GpuLayers is < 0 or > 10_000) throw ModelException.Invalid("gpu_layers must be from 0 to 10000.");
    }

    private static Task UnloadAsync(HttpContext context, [FromServices] ILocalModels models, [FromServices] ModelViews views) => ModelGuard.RunAsync(context, async () =>
    {
        if (await AdminBody.ReadAsync(context, ModelJson.Default.UnloadModelRequest) is not { } request) return;
        if (string.IsNullOrEmpty(request.Model)) throw new ModelException(400, "missing_required_parameter", "Name the model by 'model'.");
        if (views.Find(request.Model) is null) throw NotFound(request.Model);
        await models.UnloadAsync(request.Model, context.RequestAborted);
        await AdminReply.WriteAsync(context, StatusCodes.Status200OK, new ModelUnloadedReply("unloaded", request.Model), ModelJson.Default.ModelUnloadedReply);
    });

    private static Task RemoveAsync(HttpContext context, string name, [FromServices] ILocalModels models, [FromServices] ModelStore store, [FromServices] ModelPuller puller) =>
        ModelGuard.RunAsync(context, async () =>
        {
            name = ModelName.WithoutExtension(name);
            var path = store.Find(name);
            if (path is null)
            {
                if (models.List().Any(status => status.Spec.Name == name))
                    throw new ModelException(409, "model_in_use", $"The file of '{name}' is not in the models folder, so it is not deleted from here. To announce it no longer: mycel models unload {name}");
                var freed = await RemoveLeftAsync(name, puller);
                await AdminReply.WriteAsync(context, StatusCodes.Status200OK, new ModelRemovedReply("removed", name, freed), ModelJson.Default.ModelRemovedReply);
                return;
            }
            if (models.List().FirstOrDefault(status => status.Spec.Path == path)?.Spec.Name is { } user)
                throw new ModelException(409, "model_in_use", $"'{name}' is announced as '{user}'. First take it away with: mycel models unload {user}");
            var bytes = new FileInfo(path).Length;
            store.Remove(name);
            await AdminReply.WriteAsync(context, StatusCodes.Status200OK, new ModelRemovedReply("removed", name, bytes), ModelJson.Default.ModelRemovedReply);
        });

    /// <summary>Deletes what is left of interrupted pulls of a name; the bytes it took.</summary>
    private static async Task<long> RemoveLeftAsync(string name, ModelPuller puller)
    {
        var pulls = puller.List().Where(pull => pull.Name == name).ToList();
        if (pulls.Exists(pull => !pull.IsEnded)) throw new ModelException(409, "model_in_use", $"'{name}' is being pulled right now. End that first: DELETE /v1/node/models/pulls/ID");
        var left = pulls.Where(pull => pull.State != PullState.Done && pull.ReceivedBytes > 0).ToList();
        if (left.Count == 0) throw NotFound(name);
        foreach (var pull in left) await puller.CancelAsync(pull.Id);
        return left.Sum(pull => pull.ReceivedBytes);
    }

    private static ModelException NotFound(string name) => ModelException.NotFound($"There is no local model '{name}'. mycel models list shows those there are.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "the model {Model} was not loaded: {Problem}")]
    private static partial void LogNotLoaded(ILogger logger, string model, string problem);
}
