using System.Globalization;
using Mycel.Node.Models;

namespace Mycel.Node.Api.Admin;

/// <summary>Turns what the models folder and the engine refuse into answers.</summary>
internal static class ModelGuard
{
    /// <summary>Runs a handler; what it throws becomes an error reply with its own sentence.</summary>
    public static async Task RunAsync(HttpContext context, Func<Task> handler)
    {
        try
        {
            await handler();
        }
        catch (ModelException refusal)
        {
            if (refusal.RetryAfterSeconds is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await ApiError.WriteAsync(context, refusal.Status, refusal.Code, refusal.Message);
        }
    }
}
