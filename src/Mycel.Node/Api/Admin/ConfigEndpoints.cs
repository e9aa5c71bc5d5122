using Microsoft.AspNetCore.Mvc;
using Mycel.Node.Configuration;

namespace Mycel.Node.Api.Admin;

/// <summary>The settings in force, and their reload: <c>/v1/node/config</c>, <c>/v1/node/reload</c>.</summary>
internal static class ConfigEndpoints
{
    /// <summary>Maps the endpoints.</summary>
    public static void MapConfig(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/node/config", ShowAsync).WithTags("Configuration")
            .WithSummary("Show every setting in force, and where it comes from").Produces<ConfigurationView>();
        routes.MapPost("/v1/node/reload", ReloadAsync).WithTags("Configuration")
            .WithSummary("Read the settings anew; with any mistake the old ones stay in force").Produces<ReloadView>().Produces(StatusCodes.Status400BadRequest);
    }

    private static Task ShowAsync(HttpContext context, [FromServices] OptionsStore settings) =>
        AdminReply.WriteAsync(context, StatusCodes.Status200OK, ConfigurationView.Of(settings.File, settings.Values), ConfigurationJson.Default.ConfigurationView);

    private static Task ReloadAsync(HttpContext context, [FromServices] OptionsStore settings, [FromServices] ILogger<OptionsStore> logger)
    {
        var outcome = settings.Reload();
        ReloadLog.Write(logger, outcome);
        return outcome.IsOk
            ? AdminReply.WriteAsync(context, StatusCodes.Status200OK, new ReloadView(outcome.Applied, outcome.RestartRequired), ConfigurationJson.Default.ReloadView)
            : ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "config_invalid",
                $"The settings have mistakes, so the old ones stay in force:\n{string.Join('\n', outcome.Errors)}");
    }
}
