using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Mycel.Node.Models.Pulling;

/// <summary>Looks for models on the hub that pulls come from.</summary>
/// <param name="tools">The hub, and what may be connected to.</param>
internal sealed class HubSearch(PullTools tools)
{
    /// <summary>Repositories found at most.</summary>
    public const int MaxFound = 30;

    /// <summary>Files of a repository listed at most.</summary>
    public const int MaxFiles = 200;

    /// <summary>Longest words to look for, in characters.</summary>
    public const int MaxQuery = 200;

    private const int MaxAnswerBytes = 4 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The hub's address.</summary>
    public Uri Hub => tools.Hub.Endpoint;

    /// <summary>Repositories with GGUF files, those downloaded most first.</summary>
    /// <param name="words">What to look for; empty for all.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ModelException">The hub cannot be asked; the message says why.</exception>
    public async Task<IReadOnlyList<HubRepository>> FindAsync(string words, CancellationToken cancel)
    {
        using var answer = await AskAsync($"api/models?search={Uri.EscapeDataString(words)}&filter=gguf&sort=downloads&direction=-1&limit={MaxFound}", cancel);
        return [.. Items(answer).Where(item => Text(item, "id").Length > 0).Take(MaxFound).Select(item => new HubRepository(
            Text(item, "id"), Number(item, "downloads"), Number(item, "likes"), Text(item, "lastModified") is { Length: > 0 } at ? at : null, IsGated(item)))];
    }

    /// <summary>The GGUF files of a repository that can be pulled, the smallest first.</summary>
    /// <param name="repository">As <c>ORG/REPO</c>.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ModelException">The hub cannot be asked, or has no such repository.</exception>
    public async Task<IReadOnlyList<HubFile>> FilesAsync(string repository, CancellationToken cancel)
    {
        using var answer = await AskAsync($"api/models/{repository}/tree/main?recursive=true", cancel);
        return [.. Items(answer).Where(item => Text(item, "path").EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) && IsPullable(repository, Text(item, "path")))
            .Select(item => new HubFile(Text(item, "path"), Number(item, "size"), $"hf:{repository}:{Text(item, "path")}")).OrderBy(file => file.Bytes).Take(MaxFiles)];
    }

    private bool IsPullable(string repository, string file)
    {
        try
        {
            _ = PullSource.Of(new PullRequest($"hf:{repository}:{file}", null, null), tools.Hub, tools.AllowPrivate());
            return true;
        }
        catch (ModelException)
        {
            // One part of several files, or a name that no pull takes.
            return false;
        }
    }

    private async Task<JsonDocument> AskAsync(string path, CancellationToken cancel)
    {
        var address = new Uri($"{tools.Hub.Endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        PullAddress.Check(address, tools.AllowPrivate());
        using var client = tools.Http.CreateClient(tools.AllowPrivate(), tools.Limits);
        client.MaxResponseContentBufferSize = MaxAnswerBytes;
        client.Timeout = Patience;
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        if (tools.Hub.Token is { } token) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await client.SendAsync(request, cancel);
            if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) throw ModelException.NotFound($"{tools.Hub} has no such repository, or does not show it without an access token (HF_TOKEN).");
            if (!response.IsSuccessStatusCode) throw Failed($"{tools.Hub} answered {(int)response.StatusCode}. Try again shortly.");
            return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (JsonException)
        {
            throw Failed($"{tools.Hub} answered with something else than a list of models. Is HF_ENDPOINT a hub's address?");
        }
        catch (HttpRequestException failure)
        {
            for (Exception? inner = failure; inner is not null; inner = inner.InnerException)
            {
                if (inner is ModelException refusal) throw refusal;
            }
            throw Failed($"{tools.Hub} cannot be reached. Check that this machine reaches the internet, or set HF_ENDPOINT to a mirror.");
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Failed($"{tools.Hub} did not answer within {Patience.TotalSeconds:0} s. Try again shortly.");
        }
    }

    private static IEnumerable<JsonElement> Items(JsonDocument answer) =>
        answer.RootElement.ValueKind == JsonValueKind.Array ? answer.RootElement.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object) : [];

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static long Number(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0;

    // The hub says false, or how consent is given.
    private static bool IsGated(JsonElement item) => item.TryGetProperty("gated", out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.String;

    private static ModelException Failed(string message) => new(502, "hub_unreachable", message);
}

/// <summary>A repository on the hub.</summary>
/// <param name="Id">As <c>ORG/REPO</c>.</param>
/// <param name="Downloads">How often it was downloaded lately.</param>
/// <param name="Likes">How many like it.</param>
/// <param name="UpdatedAt">When it changed last, as the hub writes it; null where it does not say.</param>
/// <param name="Gated">Whether its publisher asks for consent first.</param>
internal sealed record HubRepository(string Id, long Downloads, long Likes, string? UpdatedAt, bool Gated);

/// <summary>A file on the hub.</summary>
/// <param name="Path">Its path in the repository.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Source">What a pull names it by.</param>
internal sealed record HubFile(string Path, long Bytes, string Source);
