using Mycel.Identity;
using Mycel.Node.Links;
using Mycel.Node.Networks;

namespace Mycel.Node.Api.Admin;

/// <summary>Turns what the networks' room refuses into answers.</summary>
internal static class NetworkGuard
{
    /// <summary>Runs a handler; what it throws becomes an error reply with its own sentence.</summary>
    public static Task RunAsync(HttpContext context, Func<Task> handler) => AdminGuard.RunAsync(context, async () =>
    {
        try
        {
            await handler();
        }
        catch (NetworkException refusal)
        {
            await ApiError.WriteAsync(context, refusal.Status, refusal.Code, refusal.Message);
        }
        catch (LinkException failure)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status502BadGateway, "peer_unreachable", failure.Message);
        }
        catch (StatementException damaged)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invite_invalid", damaged.Message);
        }
    });

    /// <summary>Answers with 400 and <c>invalid_value</c>.</summary>
    public static Task RefuseAsync(HttpContext context, string field, string message) =>
        ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_value", message, field);
}
