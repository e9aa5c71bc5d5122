using Mycel.Identity;
using Mycel.Node.Admission;

namespace Mycel.Node.Api.Admin;

/// <summary>Turns what the stores refuse into answers.</summary>
internal static class AdminGuard
{
    /// <summary>Runs a handler; what a store throws becomes an error reply with the store's own sentence.</summary>
    public static async Task RunAsync(HttpContext context, Func<Task> handler)
    {
        try
        {
            await handler();
        }
        catch (KeyStoreException refusal)
        {
            var (status, code) = refusal.Fault switch
            {
                KeyStoreFault.Invalid => (StatusCodes.Status400BadRequest, "invalid_value"),
                KeyStoreFault.NameTaken => (StatusCodes.Status409Conflict, "name_taken"),
                KeyStoreFault.Full => (StatusCodes.Status409Conflict, "keys_full"),
                _ => (StatusCodes.Status500InternalServerError, "storage_failed"),
            };
            await ApiError.WriteAsync(context, status, code, refusal.Message);
        }
        catch (Exception failure) when (failure is IdentityException or UnauthorizedAccessException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            await ApiError.WriteAsync(context, StatusCodes.Status500InternalServerError, "storage_failed", failure.Message);
        }
    }
}
