using System.Text.Json.Serialization.Metadata;

namespace Mycel.Node.Api.Admin;

/// <summary>Answers of the node's own endpoints.</summary>
internal static class AdminReply
{
    /// <summary>Writes a document as the whole reply.</summary>
    public static Task WriteAsync<T>(HttpContext context, int status, T document, JsonTypeInfo<T> form)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(document, form, cancellationToken: context.RequestAborted);
    }

    /// <summary>Reads a number of a query; null, with the error sent, when it is none or outside its bounds.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The parameter.</param>
    /// <param name="text">Its text, or null when it was not given.</param>
    /// <param name="standard">What holds then.</param>
    /// <param name="most">Largest number accepted; the least is 1.</param>
    public static async ValueTask<int?> ReadNumberAsync(HttpContext context, string name, string? text, int standard, int most)
    {
        if (string.IsNullOrEmpty(text)) return standard;
        if (int.TryParse(text, System.Globalization.NumberStyles.None, null, out var number) && number >= 1 && number <= most) return number;
        await ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, "invalid_parameter", $"{name} must be a whole number from 1 to {most}.", name);
        return null;
    }
}
