using Mycel.Node.Configuration;
using Mycel.Node.Execution;

namespace Mycel.Node.Api.OpenAi;

/// <summary>Reads request bodies, whole.</summary>
internal static class RequestBody
{
    /// <summary>Reads the body of a request.</summary>
    /// <returns>The body, or the error that was answered: its code.</returns>
    public static async ValueTask<(BodyBuffer? Body, string? Error)> ReadAsync(HttpContext context, BodyMemory memory, ApiOptions options)
    {
        var body = new BodyBuffer(memory, options);
        try
        {
            var error = await FillAsync(body, context);
            if (error is null) return (body, null);
            body.Dispose();
            await RefuseAsync(context, error, options);
            return (null, error);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private static async ValueTask<string?> FillAsync(BodyBuffer body, HttpContext context)
    {
        if (body.Reserve(context.Request.ContentLength ?? 0) is { } refused) return refused;
        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await reader.ReadAsync();
            var error = body.Append(read.Buffer);
            reader.AdvanceTo(read.Buffer.End);
            if (error is not null) return error;
            if (read.IsCompleted) return null;
        }
    }

    private static Task RefuseAsync(HttpContext context, string code, ApiOptions options)
    {
        // The rest of the body is not read: the connection ends with this reply.
        context.Response.Headers.Connection = "close";
        var (status, message) = BodyBuffer.Explain(code, options);
        if (status == 503) context.Response.Headers.RetryAfter = "5";
        return ApiError.WriteAsync(context, status, code, message);
    }
}
