using System.Net.WebSockets;

namespace Mycel.Node.Links.Tunnel;

/// <summary>
/// The bytes of a WebSocket's binary messages, whose limits mean nothing. One read and one write at a time, which may overlap.
/// </summary>
internal sealed class WebSocketStream(WebSocket socket) : CarrierStream
{
    /// <summary>Time for the closing frames of both ends before the connection is cut.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(1);

    private const int DrainBytes = 4096;

    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    /// <summary>Completes when nobody uses the socket any more.</summary>
    public Task Completed => _completed.Task;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty) return 0;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer, cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close) return 0;
                if (received.MessageType == WebSocketMessageType.Text) throw new IOException("a text message came over the WebSocket");
                if (received.Count > 0) return received.Count;
            }
        }
        catch (WebSocketException broken)
        {
            throw new IOException(broken.Message, broken);
        }
        finally
        {
            _reading.Release();
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await socket.SendAsync(buffer, WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, cancellationToken);
        }
        catch (WebSocketException broken)
        {
            throw new IOException(broken.Message, broken);
        }
    }

    /// <summary>Cuts the connection.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _disposed, 1) == 0) Cut();
        base.Dispose(disposing);
    }

    /// <summary>Says that it is over, and lets go.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            try
            {
                using var limit = new CancellationTokenSource(CloseTimeout);
                if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived) await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
                await DrainAsync(limit.Token);
            }
            catch (Exception error) when (error is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException)
            {
                // The other end is gone, or a write is still under way: it is cut.
            }
            Cut();
        }
        await base.DisposeAsync();
    }

    /// <summary>Waits for the other end's closing frame: a connection cut before may lose what was sent last, such as why it ends.</summary>
    private async Task DrainAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation);
        try
        {
            var rest = new byte[DrainBytes];
            while (socket.State == WebSocketState.CloseSent) await socket.ReceiveAsync(rest.AsMemory(), cancellation);
        }
        finally
        {
            _reading.Release();
        }
    }

    private void Cut()
    {
        socket.Abort();
        socket.Dispose();
        _completed.TrySetResult();
    }
}
