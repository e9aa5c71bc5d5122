using System.Text.Json;

namespace Mycel.Node.Backends.Relay;

/// <summary>Reads what <c>GET /v1/models</c> of a device answered.</summary>
internal static class ModelList
{
    /// <summary>Most models taken from one device.</summary>
    public const int MaxModels = 4096;

    /// <summary>Longest model id taken, in characters.</summary>
    public const int MaxIdLength = 512;

    /// <summary>The ids in the order given, each once.</summary>
    /// <exception cref="DeviceFaultException">The answer is no model list.</exception>
    public static IReadOnlyList<string> Parse(DeviceHttp.Reply reply)
    {
        if (reply.Status is 401 or 403) throw Invalid($"it wants an API key (HTTP {reply.Status}); give the relay one with --api-key secret:NAME");
        if (reply.Status != 200) throw Invalid($"its /v1/models answers HTTP {reply.Status}");
        try
        {
            using var document = JsonDocument.Parse(reply.Body);
            var root = document.RootElement;
            // OpenAI's shape is {"data":[{"id":…}]}; some servers answer a bare array, or call the list "models".
            var list = root.ValueKind switch
            {
                JsonValueKind.Array => root,
                JsonValueKind.Object when root.TryGetProperty("data", out var data) && data.ValueKind is JsonValueKind.Array or JsonValueKind.Null => data,
                JsonValueKind.Object when root.TryGetProperty("models", out var models) && models.ValueKind == JsonValueKind.Array => models,
                _ => throw Invalid("its /v1/models is not a model list"),
            };
            return list.ValueKind == JsonValueKind.Null ? [] : Ids(list);
        }
        catch (JsonException)
        {
            throw Invalid("its /v1/models is not JSON; is this the address of an OpenAI-compatible server?");
        }
    }

    private static List<string> Ids(JsonElement list)
    {
        var ids = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.EnumerateArray())
        {
            var id = item.ValueKind switch
            {
                JsonValueKind.String => TextOf(item),
                JsonValueKind.Object when item.TryGetProperty("id", out var value) && value.ValueKind == JsonValueKind.String => TextOf(value),
                _ => null,
            };
            if (string.IsNullOrEmpty(id) || id.Length > MaxIdLength || id.AsSpan().ContainsAnyInRange('\0', '\u001f') || !seen.Add(id)) continue;
            ids.Add(id);
            if (ids.Count == MaxModels) break;
        }
        return ids;
    }

    /// <summary>The string, or null when it is no Unicode text and so the name of nothing that could be asked for.</summary>
    private static string? TextOf(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static DeviceFaultException Invalid(string what) => new(DeviceFaultKind.Invalid, what);
}
