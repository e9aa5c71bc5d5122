using System.Buffers;
using Mycel.Node.Execution;

namespace Mycel.Node.Api;

/// <summary>Answers with an error in OpenAI's envelope and a true status.</summary>
internal static class ApiError
{
    /// <summary>Writes the error as the whole reply; nothing may have been sent before. It goes out when the request has ended here, so that
    /// a caller who has read it finds all that it held given back.</summary>
    public static Task WriteAsync(HttpContext context, int status, string code, string message, string? param = null)
    {
        var response = context.Response;
        if (response.HasStarted) return Task.CompletedTask;
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        var body = ErrorDocument.Write(status, code, message, param);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method)) response.BodyWriter.Write(body);
        return Task.CompletedTask;
    }
}
