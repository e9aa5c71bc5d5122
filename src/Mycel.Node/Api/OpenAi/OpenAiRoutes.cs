using Mycel.Node.Backends;

namespace Mycel.Node.Api.OpenAi;

/// <summary>The routes of OpenAI's API.</summary>
internal static class OpenAiRoutes
{
    public static void MapOpenAi(this IEndpointRouteBuilder routes, FrontDoor door, InferenceEndpoint inference, ModelsEndpoint models)
    {
        foreach (var kind in Enum.GetValues<InferenceKind>())
        {
            routes.MapPost(kind.Path(), async context =>
            {
                if (!await door.RefuseWhileDrainingAsync(context)) await inference.HandleAsync(context, kind, FrontDoor.CallerOf(context));
            }).WithMetadata(Access.Models, NeverBlocks.Instance).WithTags("openai").WithSummary(SummaryOf(kind));
        }
        routes.MapGet("/v1/models", models.ListAsync).WithMetadata(Access.Models).WithTags("openai").WithSummary("Lists the models.");
        routes.MapGet("/v1/models/{**id}", models.GetAsync).WithMetadata(Access.Models).WithTags("openai").WithSummary("One model.");
    }

    private static string SummaryOf(InferenceKind kind) => kind switch
    {
        InferenceKind.Chat => "Answers a chat, as one document or streamed.",
        InferenceKind.Completion => "Continues a text, as one document or streamed.",
        _ => "Turns texts into embedding vectors.",
    };
}
