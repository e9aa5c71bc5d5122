using Microsoft.OpenApi;
using Mycel.Node.Backends;

namespace Mycel.Node.Api.OpenAi;

/// <summary>The routes of OpenAI's API.</summary>
internal static class OpenAiRoutes
{
    private const string Tag = "OpenAI";

    public static void MapOpenAi(this IEndpointRouteBuilder routes, FrontDoor door, InferenceEndpoint inference, ModelsEndpoint models)
    {
        foreach (var kind in Enum.GetValues<InferenceKind>())
        {
            var handler = async (HttpContext context) =>
            {
                if (!await door.RefuseWhileDrainingAsync(context)) await inference.HandleAsync(context, kind, FrontDoor.CallerOf(context));
            };
            Describe(routes.MapPost(kind.Path(), handler), kind).WithMetadata(Access.Models, NeverBlocks.Instance).WithTags(Tag).WithSummary(SummaryOf(kind));
        }
        routes.MapGet("/v1/models", (Delegate)models.ListAsync).WithMetadata(Access.Models).WithTags(Tag).WithSummary("Lists the models.").Produces<ModelListObject>();
        routes.MapGet("/v1/models/{**id}", (HttpContext context, string id) => models.GetAsync(context, id)).WithMetadata(Access.Models).WithTags(Tag)
            .WithSummary("One model.").Produces<ModelObject>().Produces(404);
    }

    private static string SummaryOf(InferenceKind kind) => kind switch
    {
        InferenceKind.Chat => "Answers a chat, as one document or streamed.",
        InferenceKind.Completion => "Continues a text, as one document or streamed.",
        _ => "Turns texts into embedding vectors.",
    };

    /// <summary>Describes the body: the fields that the node itself reads. All others of OpenAI's go to the backend as they are.</summary>
    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route, InferenceKind kind) =>
        route.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            var schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "As OpenAI describes it; every field reaches the backend as it was sent.",
                AdditionalPropertiesAllowed = true,
                Required = new HashSet<string> { "model", InputName(kind) },
                Properties = new Dictionary<string, IOpenApiSchema>
                {
                    ["model"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A name that GET /v1/models lists, such as relay:llama3.2." },
                    [InputName(kind)] = new OpenApiSchema { Description = "What the model is to answer, continue or embed." },
                },
            };
            if (kind != InferenceKind.Embedding) schema.Properties["stream"] = new OpenApiSchema { Type = JsonSchemaType.Boolean, Description = "Whether the answer comes as server-sent events." };
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } } };
            return Task.CompletedTask;
        });

    private static string InputName(InferenceKind kind) => kind switch { InferenceKind.Chat => "messages", InferenceKind.Completion => "prompt", _ => "input" };
}
