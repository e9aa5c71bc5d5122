using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.OpenApi;

namespace Mycel.Node.Api.Admin;

/// <summary>Reads the small JSON bodies of the node's own endpoints.</summary>
internal static class AdminBody
{
    /// <summary>Largest body, in bytes (512 KiB): a secret of the largest size with every character escaped still fits.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <summary>The body, or null when it was refused and the error is sent. No error repeats what the body holds.</summary>
    public static async Task<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> form)
        where T : class
    {
        if (await ReadBytesAsync(context) is not { } bytes) return null;
        try
        {
            if (JsonSerializer.Deserialize(bytes.Span, form) is { } body) return body;
            await RefuseAsync(context, "invalid_json", "The body must be a JSON object.");
        }
        catch (JsonException problem)
        {
            await RefuseAsync(context, problem, form);
        }
        return null;
    }

    /// <summary>Describes the body to readers of <c>/openapi.json</c>. Unlike the usual way this does not make the router refuse a
    /// request that does not name its content type, with an empty reply.</summary>
    public static RouteHandlerBuilder WithJsonBody<T>(this RouteHandlerBuilder endpoint) =>
        endpoint.AddOpenApiOperationTransformer(async (operation, context, cancel) => operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancel) },
            },
        });

    /// <summary>The bytes of the body, or null when it was refused and the error is sent.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadBytesAsync(HttpContext context)
    {
        var bytes = new byte[1024];
        var length = 0;
        while (true)
        {
            var read = await context.Request.Body.ReadAsync(bytes.AsMemory(length), context.RequestAborted);
            length += read;
            if (read == 0) return bytes.AsMemory(0, length);
            if (length > MaxBytes)
            {
                await ApiError.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body is larger than {MaxBytes >> 10} KB.");
                return null;
            }
            if (length == bytes.Length) Array.Resize(ref bytes, Math.Min(2 * length, MaxBytes + 1));
        }
    }

    private static Task RefuseAsync<T>(HttpContext context, JsonException problem, JsonTypeInfo<T> form)
    {
        var fields = string.Join(", ", form.Properties.Select(property => property.Name));
        var field = problem.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null;
        if (field is not null && form.Properties.Any(property => property.Name == field))
            return RefuseAsync(context, "invalid_type", $"The field {field} has the wrong type.", field);
        return field is not null || problem.Message.Contains("required", StringComparison.Ordinal) || problem.Message.Contains("mapped", StringComparison.Ordinal)
            ? RefuseAsync(context, "invalid_fields", $"The body lacks a field or has one that is not known; its fields are: {fields}.")
            : RefuseAsync(context, "invalid_json", $"The body is not valid JSON (line {problem.LineNumber + 1}, byte {problem.BytePositionInLine + 1}). Its fields are: {fields}.");
    }

    private static Task RefuseAsync(HttpContext context, string code, string message, string? param = null) =>
        ApiError.WriteAsync(context, StatusCodes.Status400BadRequest, code, message, param);
}
