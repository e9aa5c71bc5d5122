using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Mycel.Node.Cli.Client;

/// <summary>Speaks to a node. Whatever goes wrong comes out as a <see cref="NodeClientException"/> that a person can act on.</summary>
internal sealed class NodeClient : IDisposable
{
    /// <summary>Largest JSON answer taken, in bytes (64 MB).</summary>
    public const int MaxAnswerBytes = 64 << 20;

    private const int MaxErrorBytes = 64 << 10;

    /// <summary>How long a connection may take.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;

    /// <summary>Prepares to speak to the node at <paramref name="address"/>; nothing is sent yet.</summary>
    /// <param name="address">Where the node is.</param>
    /// <param name="timeout">How long a JSON answer may take. Streams may take any time.</param>
    public NodeClient(NodeAddress address, TimeSpan timeout)
    {
        Address = address;
        Timeout = timeout;
        SocketsHttpHandler handler = new()
        {
            ConnectTimeout = ConnectTimeout,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = address.SocketPath is null && !address.BaseAddress.IsLoopback,
        };
        if (address.SocketPath is { } path) handler.ConnectCallback = (_, cancel) => ConnectAsync(path, cancel);
        _http = new HttpClient(handler) { BaseAddress = address.BaseAddress, Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("mycel", VersionText.Short));
        if (address.Key is { } key && !_http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + key))
            throw new NodeClientException("The key holds characters that no key has. Check --key or MYCEL_API_KEY.", ExitCode.Usage);
    }

    /// <summary>Where the node is.</summary>
    public NodeAddress Address { get; }

    /// <summary>How long a JSON answer may take.</summary>
    public TimeSpan Timeout { get; }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Gets a JSON document; a path such as <c>v1/node/status</c>.</summary>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancel) => SendForJsonAsync(HttpMethod.Get, path, null, cancel);

    /// <summary>Gets a JSON document as <typeparamref name="T"/>.</summary>
    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Read(await GetAsync(path, cancel), type);

    /// <summary>Posts a JSON document and gets one.</summary>
    public Task<JsonElement> PostAsync(string path, string json, CancellationToken cancel) => SendForJsonAsync(HttpMethod.Post, path, json, cancel);

    /// <summary>Posts a JSON document and gets one as <typeparamref name="T"/>.</summary>
    public async Task<T> PostAsync<T>(string path, string json, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Read(await PostAsync(path, json, cancel), type);

    /// <summary>Sends any method with or without a JSON document; for answers without a body too.</summary>
    /// <returns>The answer's document, or an undefined element where there is none.</returns>
    public async Task<JsonElement> SendForJsonAsync(HttpMethod method, string path, string? json, CancellationToken cancel)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Timeout);
        try
        {
            using HttpResponseMessage response = await SendAsync(method, path, json, limit.Token);
            byte[] body = await ReadBodyAsync(response, MaxAnswerBytes, limit.Token);
            return body.Length == 0 ? default : Parse(body, response);
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new NodeClientException(
                $"{Address.Display} did not answer within {Timeout.TotalSeconds:0} seconds. It may be busy: try again, or look at its log.", inner: error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw NodeErrors.OfConnection(Address, error);
        }
    }

    /// <summary>Posts a JSON document; the answer's body is still to be read. The status is a success.</summary>
    public async Task<HttpResponseMessage> PostForStreamAsync(string path, string json, CancellationToken cancel)
    {
        try
        {
            return await SendAsync(HttpMethod.Post, path, json, cancel);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw NodeErrors.OfConnection(Address, error);
        }
    }

    /// <summary>Gets an answer that goes on; the caller ends it by disposing of the stream. The status is a success.</summary>
    public async Task<Stream> GetForStreamAsync(string path, CancellationToken cancel)
    {
        try
        {
            HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, null, cancel);
            return await response.Content.ReadAsStreamAsync(cancel);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw NodeErrors.OfConnection(Address, error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json, CancellationToken cancel)
    {
        using HttpRequestMessage request = new(method, Address.PathOf(path));
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            byte[] body = await ReadBodyAsync(response, MaxErrorBytes, cancel);
            throw NodeErrors.OfStatus(Address, path, response.StatusCode, body);
        }
    }

    /// <summary>Reads a whole body; of a refusal only as much as the bound allows.</summary>
    /// <exception cref="NodeClientException">The body is larger.</exception>
    public static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, int maxBytes, CancellationToken cancel)
    {
        await using Stream stream = await response.Content.ReadAsStreamAsync(cancel);
        using MemoryStream body = new();
        byte[] buffer = new byte[16 << 10];
        int count;
        while ((count = await stream.ReadAsync(buffer, cancel)) > 0)
        {
            if (body.Length + count > maxBytes)
            {
                if (!response.IsSuccessStatusCode) break;
                throw new NodeClientException($"The answer is larger than {maxBytes >> 20} MB, which no node sends.");
            }

            body.Write(buffer, 0, count);
        }

        return body.ToArray();
    }

    private JsonElement Parse(byte[] body, HttpResponseMessage response)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            string kind = response.Content.Headers.ContentType?.MediaType ?? "something else";
            throw new NodeClientException(
                $"{Address.Display} answered with {kind} where JSON was expected. Is it a Mycel node?", inner: error);
        }
    }

    /// <summary>Reads a document as <typeparamref name="T"/>.</summary>
    public T Read<T>(JsonElement json, JsonTypeInfo<T> type)
    {
        try
        {
            return json.Deserialize(type) ?? throw new JsonException("null");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new NodeClientException(
                $"{Address.Display} answered in a form this mycel ({VersionText.Short}) does not know. Use the same version on both sides.", inner: error);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancel)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
