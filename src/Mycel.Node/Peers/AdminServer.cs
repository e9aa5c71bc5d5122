using System.Net.Http.Headers;
using System.Net.Sockets;
using Mycel.Identity.Certificates;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Node.Networks;
using Mycel.Transport;
using Mycel.Transport.Frames;

namespace Mycel.Node.Peers;

/// <summary>Passes calls of this node's interface on that come from another node of the same account.</summary>
internal sealed class AdminServer : IStreamHandler, IDisposable
{
    /// <summary>Largest body of a call, in bytes.</summary>
    public const int MaxBodyBytes = 1024 * 1024;

    /// <summary>Longest path with its query, in characters.</summary>
    private const int MaxPath = 2048;

    private const int ReadBytes = 16 * 1024;

    private readonly IPeerBook _book;
    private readonly HttpClient _http;

    public AdminServer(IPeerBook book, ControlAddress control)
    {
        _book = book;
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(control.SocketPath), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
        { BaseAddress = new Uri("http://localhost/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public Kind Kind => Kind.Admin;

    public async Task HandleAsync(InboundStream stream)
    {
        if (_book.StandingOf(stream.Link.Id, out _) is not { IsOwn: true } || !stream.Link.Peer.Certificate.Roles.HasFlag(DeviceRoles.Manage))
        {
            await stream.RefuseAsync(403, "not_allowed", "Only nodes of the same account that may manage its devices may call this interface.", mayTryOthers: false);
            return;
        }
        if (stream.Header.Admin is not { } call || !IsPath(call.Path) || call.Method is not ("GET" or "POST" or "PUT" or "DELETE"))
        {
            await stream.RefuseAsync(404, "not_found", "Nodes of the same account may call what is under /v1/node here.", mayTryOthers: false);
            return;
        }
        using var ended = new CancellationTokenSource();
        using var request = new HttpRequestMessage(new HttpMethod(call.Method), call.Path);
        if (await ReadBodyAsync(stream) is not { } body)
        {
            await stream.RefuseAsync(413, "body_too_large", $"The body is larger than the {MaxBodyBytes / 1024} KB allowed.", mayTryOthers: false);
            return;
        }
        if (body.Length > 0 || call.ContentType.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
            if (MediaTypeHeaderValue.TryParse(call.ContentType, out var type)) request.Content.Headers.ContentType = type;
        }
        var watching = EndWithCallerAsync(stream, ended);
        try
        {
            await AnswerAsync(stream, request, ended.Token);
        }
        catch (HttpRequestException)
        {
            await stream.RefuseAsync(503, "draining", "The node is stopping.");
        }
        finally
        {
            stream.StopReading();
            await watching;
        }
    }

    /// <summary>Only what manages a node, and not by way of a further one.</summary>
    internal static bool IsPath(string path)
    {
        if (path.Length > MaxPath || path.AsSpan().ContainsAnyExceptInRange('!', '~')) return false;
        // As the server will read it: a name may be written in another way.
        var read = Uri.UnescapeDataString(path.Split('?')[0]);
        return read.StartsWith("/v1/node/", StringComparison.Ordinal) && !read.Split('/', '\\').Any(part => part is "." or "..")
            && !read.StartsWith("/v1/node/fleet/", StringComparison.OrdinalIgnoreCase) && !read.StartsWith("/v1/node/tunnel", StringComparison.OrdinalIgnoreCase);
    }

    private async Task AnswerAsync(InboundStream stream, HttpRequestMessage request, CancellationToken ended)
    {
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ended);
        var head = new ResponseHead
        {
            Status = (uint)response.StatusCode,
            ContentType = response.Content.Headers.ContentType?.ToString() ?? "",
            ContentLength = response.Content.Headers.ContentLength ?? -1,
        };
        WireMessages.Write(stream.Writer, FrameKind.Head, head);
        await using var content = await response.Content.ReadAsStreamAsync(ended);
        var total = 0L;
        while (true)
        {
            var count = await content.ReadAsync(stream.Writer.GetMemory(ReadBytes), ended);
            if (count == 0) break;
            stream.Writer.Advance(count);
            total += count;
            await stream.Writer.FlushAsync(cancellation: ended);
        }
        WireMessages.Write(stream.Writer, FrameKind.Trailer, new Trailer { BodyBytes = total, PromptTokens = -1, CompletionTokens = -1 });
        await stream.Writer.FlushAsync(end: true, ended);
    }

    private static async Task<byte[]?> ReadBodyAsync(InboundStream stream)
    {
        using var body = new MemoryStream();
        while (await stream.Reader.ReadAsync() is { } frame)
        {
            if (frame.Kind == FrameKind.Trailer) return body.ToArray();
            if (frame.Kind != FrameKind.Data) throw new FrameException($"a frame of the kind {frame.Kind} came within a call's body");
            if (body.Length + frame.Payload.Length > MaxBodyBytes) return null;
            body.Write(frame.Payload.Span);
        }
        throw new FrameException("the call ended within its body");
    }

    private static async Task EndWithCallerAsync(InboundStream stream, CancellationTokenSource ended)
    {
        try
        {
            while (await stream.Reader.ReadAsync() is not null)
            {
            }
        }
        catch (Exception gone) when (gone is TransportException or FrameException or ObjectDisposedException)
        {
            await ended.CancelAsync();
        }
    }

    public void Dispose() => _http.Dispose();
}
