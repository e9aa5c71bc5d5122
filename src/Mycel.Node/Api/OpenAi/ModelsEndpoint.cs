using System.Text.Json.Serialization;
using Mycel.Node.Routing;

namespace Mycel.Node.Api.OpenAi;

/// <summary><c>GET /v1/models</c> and <c>/v1/models/{id}</c>.</summary>
internal sealed class ModelsEndpoint(ModelCatalog catalog, NodeId node)
{
    public const string NodeHeader = "X-Mycel-Node";

    public Task ListAsync(HttpContext context)
    {
        // Another node that fronts this one learns here who it is talking to, so that the two do not list each other's models.
        context.Response.Headers[NodeHeader] = node.Value;
        var asker = context.Request.Headers["X-Mycel-Via"].ToString();
        var models = catalog.ListedFor(asker).Select(m => ObjectOf(m.Id, m.CreatedAt, m.OwnedBy, catalog.Find(m.Id))).ToList();
        return context.Response.WriteAsJsonAsync(new ModelListObject("list", models), ModelsJson.Default.ModelListObject);
    }

    public Task GetAsync(HttpContext context, string id)
    {
        // Routing leaves an encoded slash as it is, because elsewhere it would change the path; here it is part of a name.
        id = id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        if (catalog.Find(id) is not { } target)
        {
            var near = catalog.Near(id);
            var hint = near.Count == 0 ? "" : $" Did you mean {string.Join(" or ", near.Select(n => $"'{n}'"))}?";
            return ApiError.WriteAsync(context, 404, "model_not_found", $"The model '{id}' does not exist here.{hint}", "model");
        }
        var listed = catalog.Listed.FirstOrDefault(m => m.Id == id);
        var model = ObjectOf(id, listed?.CreatedAt ?? DateTimeOffset.UnixEpoch, listed?.OwnedBy ?? target.Owner, target);
        return context.Response.WriteAsJsonAsync(model, ModelsJson.Default.ModelObject);
    }

    private static ModelObject ObjectOf(string id, DateTimeOffset since, string owner, ModelTarget? target)
    {
        var (least, most) = target?.Prices ?? default;
        return new ModelObject(id, "model", since.ToUnixTimeSeconds(), owner, least.Prompt, least.Completion, most.Prompt, most.Completion);
    }
}

internal sealed record ModelListObject(string Object, IReadOnlyList<ModelObject> Data);

/// <summary>One model.</summary>
/// <param name="Id">The name to ask for.</param>
/// <param name="Object">Always <c>model</c>.</param>
/// <param name="Created">When this node first saw it, in Unix seconds.</param>
/// <param name="OwnedBy">The nearest place that has it.</param>
/// <param name="PromptPrice">Micro-credits for a million tokens of the prompt, at the cheapest that has it; 0 for free.</param>
/// <param name="CompletionPrice">The same for the answer.</param>
/// <param name="MaxPromptPrice">Micro-credits for a million tokens of the prompt, at the dearest.</param>
/// <param name="MaxCompletionPrice">The same for the answer.</param>
internal sealed record ModelObject(
    string Id, string Object, long Created, string OwnedBy, long PromptPrice, long CompletionPrice, long MaxPromptPrice, long MaxCompletionPrice);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelListObject))]
internal sealed partial class ModelsJson : JsonSerializerContext;
