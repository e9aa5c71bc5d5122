using Mycel.Node.Execution;

namespace Mycel.Node.Api;

/// <summary>Answers with an error in OpenAI's envelope and a true status.</summary>
internal static class ApiError
{
    /// <summary>Writes the error as the whole reply; nothing may have been sent before.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string code, string message, string? param = null)
    {
        var response = context.Response;
        if (response.HasStarted) return;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        var body = ErrorDocument.Write(status, code, message, param);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) await response.Body.WriteAsync(body);
    }
}
