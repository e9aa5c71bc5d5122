using System.Buffers;
using System.Globalization;
using Mycel.Node.Backends;
using Mycel.Node.Execution;

namespace Mycel.Node.Api.OpenAi;

/// <summary>The way back to an HTTP caller.</summary>
internal sealed class HttpReplyChannel(HttpContext context) : IReplyChannel
{
    private readonly System.IO.Pipelines.PipeWriter _writer = context.Response.BodyWriter;
    private bool _hasLength;
    private bool _hasFlushed;

    public IBufferWriter<byte> Body => _writer;

    public void Start(in ReplyHead head, long contentLength, RouteTaken? route)
    {
        var response = context.Response;
        response.StatusCode = head.Status;
        var headers = response.Headers;
        foreach (var (name, value) in head.Headers) headers.Append(name, value);
        if (head.ContentType is not null) headers.ContentType = head.ContentType;
        _hasLength = contentLength >= 0;
        if (_hasLength) headers.ContentLength = contentLength;
        if (head.IsEventStream)
        {
            // Proxies that buffer would undo streaming; nginx reads this header.
            headers["X-Accel-Buffering"] = "no";
            if (headers.CacheControl.Count == 0) headers.CacheControl = "no-cache";
        }
        if (route is { } taken) SetRoute(headers, taken);
    }

    /// <summary>Tells how a request went.</summary>
    public static void SetRoute(IHeaderDictionary headers, RouteTaken taken)
    {
        headers["X-Mycel-Route"] = taken.Route;
        if (taken.Receipt is { } receipt) headers["X-Mycel-Receipt"] = receipt;
        headers["X-Mycel-Attempts"] = taken.Attempts == 1 ? "1" : taken.Attempts.ToString(CultureInfo.InvariantCulture);
        headers["Server-Timing"] = string.Create(CultureInfo.InvariantCulture, $"queue;dur={taken.Queue.TotalMilliseconds:F2}, backend;dur={taken.Backend.TotalMilliseconds:F2}");
    }

    /// <summary>
    /// Ends a whole reply. The server sends the rest by itself, but for a body of known length of which a part was sent before: it would keep the
    /// last bytes until the caller's next request.
    /// </summary>
    public ValueTask FinishAsync() => _hasLength && _hasFlushed ? FlushAsync() : default;

    public ValueTask FlushAsync()
    {
        _hasFlushed = true;
        var flush = _writer.FlushAsync(CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            flush.GetAwaiter().GetResult();
            return default;
        }
        return new ValueTask(flush.AsTask());
    }

    public void Abort() => context.Abort();
}
