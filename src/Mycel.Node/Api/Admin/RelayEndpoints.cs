using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc;
using Mycel.Identity;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Configuration;

namespace Mycel.Node.Api.Admin;

/// <summary><c>/v1/node/relay</c>: the devices this node fronts.</summary>
internal static class RelayEndpoints
{
    public static void MapRelays(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/node/relay").WithTags("Relays").WithMetadata(Access.Admin);
        group.MapGet("", ([FromServices] RelayRegistry relays) => TypedResults.Json(ListOf(relays.Devices), RelayJson.Default.RelayListReply)).WithSummary("Lists the relay devices.").Produces<RelayListReply>();
        group.MapPost("/add", AddAsync).WithSummary("Adds a relay device; it is kept over restarts.").WithJsonBody<RelayAddRequest>().Produces<RelayReply>();
        group.MapPost("/remove", RemoveAsync).WithSummary("Removes a relay device that was added while running.").WithJsonBody<RelaySelector>().Produces<RelayRemovedReply>();
        group.MapPost("/refresh", RefreshAsync).WithSummary("Reads the model list of one device, or of all, now.").WithJsonBody<RelaySelector>().Produces<RelayListReply>();
    }

    private static async Task AddAsync(HttpContext context, [FromServices] RelayRegistry relays, [FromServices] RelayKeys keys)
    {
        if (await AdminBody.ReadAsync(context, RelayJson.Default.RelayAddRequest) is not { } request) return;
        if (!RelayUrl.TryNormalize(request.Url, out var url, out var error))
        {
            await ApiError.WriteAsync(context, 400, "invalid_url", $"The relay's url is not usable: {error}.", "url");
            return;
        }
        if (request.Name is { } name && !RelayUrl.IsName(name))
        {
            await ApiError.WriteAsync(context, 400, "invalid_name", "A relay's name has 1 to 64 characters of a-z, 0-9, '.', '_' and '-'.", "name");
            return;
        }
        if (request.MaxConcurrent is < 1 or > 10_000)
        {
            await ApiError.WriteAsync(context, 400, "invalid_value", "max_concurrent must be from 1 to 10000.", "max_concurrent");
            return;
        }
        if (!TryReference(request, url, keys, out var reference, out var keyError))
        {
            await ApiError.WriteAsync(context, 400, "invalid_api_key_reference", keyError, "api_key");
            return;
        }
        var entry = new RelayEntryOptions { Url = url, Name = request.Name, ApiKey = reference, MaxConcurrent = request.MaxConcurrent, Source = "api" };
        var (device, problem, isThere) = await relays.AddAsync(entry, request.Force ?? false);
        if (device is null)
        {
            await ApiError.WriteAsync(context, isThere ? 409 : 502, isThere ? "relay_exists" : "relay_unreachable", problem!, "url");
            return;
        }
        await context.Response.WriteAsJsonAsync(ReplyOf(device) with { Status = "added" }, RelayJson.Default.RelayReply);
    }

    /// <summary>Where the device's key is: named, or put into the secret store here.</summary>
    private static bool TryReference(RelayAddRequest request, string url, RelayKeys keys, out string? reference, out string error)
    {
        reference = request.ApiKey;
        error = "";
        if (string.IsNullOrEmpty(request.ApiKey))
        {
            reference = null;
            return true;
        }
        try
        {
            var isReference = request.ApiKey.StartsWith(RelayKeys.SecretPrefix, StringComparison.Ordinal) || request.ApiKey.StartsWith(RelayKeys.EnvironmentPrefix, StringComparison.Ordinal);
            if (!isReference) reference = keys.Store("relay-" + (request.Name ?? RelayUrl.DefaultName(url)), request.ApiKey);
            if (keys.Resolve(reference) is not null) return true;
            error = isReference ? $"There is no key under '{reference}'. Put it into the secret store first with: mycel secret set NAME" : "The key has characters that no header can carry.";
            return false;
        }
        catch (Exception refused) when (refused is ArgumentException or IdentityException)
        {
            error = refused.Message;
            return false;
        }
    }

    private static async Task RemoveAsync(HttpContext context, [FromServices] RelayRegistry relays)
    {
        if (await AdminBody.ReadAsync(context, RelayJson.Default.RelaySelector) is not { } request) return;
        if (await FindAsync(context, request, relays) is not { } device) return;
        if (device.Source != "api")
        {
            var where = device.Source switch { "flag" => "the command line (--relay)", "env" => "MYCEL_RELAY_BACKENDS", _ => "the configuration file" };
            await ApiError.WriteAsync(context, 409, "relay_is_configured", $"The relay '{device.Name}' is named in {where}; remove it there.", "url");
            return;
        }
        await relays.RemoveAsync(device);
        await context.Response.WriteAsJsonAsync(new RelayRemovedReply("removed", device.Address.Url, device.Name), RelayJson.Default.RelayRemovedReply);
    }

    private static async Task RefreshAsync(HttpContext context, [FromServices] RelayRegistry relays)
    {
        var request = new RelaySelector(null, null);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: false })
        {
            if (await AdminBody.ReadAsync(context, RelayJson.Default.RelaySelector) is not { } named) return;
            request = named;
        }
        if (request is { Url: null, Name: null })
        {
            await relays.RefreshAsync();
            await context.Response.WriteAsJsonAsync(ListOf(relays.Devices), RelayJson.Default.RelayListReply);
            return;
        }
        if (await FindAsync(context, request, relays) is not { } device) return;
        await relays.RefreshAsync(device.Address.Url);
        await context.Response.WriteAsJsonAsync(new RelayListReply([ReplyOf(device)]), RelayJson.Default.RelayListReply);
    }

    private static async ValueTask<RelayDevice?> FindAsync(HttpContext context, RelaySelector request, RelayRegistry relays)
    {
        if (request is { Url: null, Name: null })
        {
            await ApiError.WriteAsync(context, 400, "missing_required_parameter", "Name the relay by 'url' or 'name'.", "url");
            return null;
        }
        var url = request.Url is not null && RelayUrl.TryNormalize(request.Url, out var normal, out _) ? normal : request.Url;
        if (relays.Find(url, request.Name) is { } device) return device;
        await ApiError.WriteAsync(context, 404, "relay_not_found", $"There is no relay '{request.Name ?? request.Url}'. mycel relay list shows those there are.");
        return null;
    }

    /// <summary>Devices as replies have them.</summary>
    public static RelayListReply ListOf(IEnumerable<RelayDevice> devices) => new([.. devices.Select(ReplyOf)]);

    private static RelayReply ReplyOf(RelayDevice device) => new(
        device.Address.Url, device.Name, device.IsOnline, device.IsOnline && device.Health.IsHealthy, device.IsOnline ? device.Models : [],
        device.IsOnline ? device.Models.Count : 0, device.MaxConcurrent, device.InFlight, device.ApiKey is not null, device.Source,
        device.LatencyMilliseconds is { } latency ? Math.Round(latency, 1) : null, device.PollError ?? device.Health.LastError, device.LastPollAt);
}

/// <summary>Body of <c>POST /v1/node/relay/add</c>.</summary>
/// <param name="Url">Base address of the device.</param>
/// <param name="Name">Short name; default from the host.</param>
/// <param name="ApiKey"><c>secret:NAME</c>, <c>env:NAME</c>, or the key itself, which goes to the secret store.</param>
/// <param name="MaxConcurrent">Requests in flight at once.</param>
/// <param name="Force">Add it even if it cannot be reached now.</param>
internal sealed record RelayAddRequest(string? Url, string? Name, string? ApiKey, int? MaxConcurrent, bool? Force);

/// <summary>Names one device by address or name.</summary>
internal sealed record RelaySelector(string? Url, string? Name);

internal sealed record RelayListReply(IReadOnlyList<RelayReply> Relays);

internal sealed record RelayRemovedReply(string Status, string Url, string Name);

internal sealed record RelayReply(
    string Url, string Name, bool Online, bool Healthy, IReadOnlyList<string> Models, int ModelCount, int MaxConcurrent, int InFlight, bool HasKey,
    string Source, double? LatencyMs, string? LastError, DateTimeOffset? LastPollAt)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RelayListReply))]
[JsonSerializable(typeof(RelayRemovedReply))]
[JsonSerializable(typeof(RelayAddRequest))]
[JsonSerializable(typeof(RelaySelector))]
internal sealed partial class RelayJson : JsonSerializerContext;
