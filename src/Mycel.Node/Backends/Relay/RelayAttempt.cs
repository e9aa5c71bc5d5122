using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Mycel.Node.Backends.Relay;

/// <summary>One request to one device: sent, answered, and the answer handed on as it comes.</summary>
internal static class RelayAttempt
{
    /// <summary>Requests up to this size go out in one piece, in bytes.</summary>
    private const int OnePieceBytes = 64 * 1024;

    private const int MaxFixedHeaderBytes = 256;

    public static async ValueTask<AttemptOutcome> RunAsync(RelayDevice device, BackendCall call, Offer offer, IReplySink sink)
    {
        var addUsage = call.Document.UsageSplice is not null && !device.RejectsStreamOptions;
        var outcome = await ExchangeAsync(device, call, call.Document.For(offer.ModelIdJson, addUsage), sink);
        if (!addUsage || outcome.Kind != AttemptKind.Rejected || !Mentions(outcome.Refusal!, "stream_options")) return outcome;
        // An older server that does not know the option we added: ask without it, and remember.
        outcome = await ExchangeAsync(device, call, call.Document.For(offer.ModelIdJson, addUsage: false), sink);
        if (outcome.Kind == AttemptKind.Completed) device.RejectsStreamOptions = true;
        return outcome;
    }

    private static bool Mentions(Refusal refusal, string word) =>
        refusal.Body is { } body && body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(word)) >= 0;

    private static async ValueTask<AttemptOutcome> ExchangeAsync(RelayDevice device, BackendCall call, OutboundBody body, IReplySink sink)
    {
        var connection = device.Connections.TryRent();
        while (true)
        {
            var isReused = connection is not null;
            try
            {
                connection ??= await OpenAsync(device, call);
                if (!call.TryAttach(connection))
                {
                    connection.Dispose();
                    return EndedFromHere(device, call, sink);
                }
                connection.Begin();
                await SendAsync(device, call, body, connection);
                await ReadHeadAsync(connection);
                return connection.Head.Status is >= 200 and < 300
                    ? await ReadReplyAsync(device, call, connection, sink)
                    : await ReadRefusalAsync(device, call, connection, sink);
            }
            catch (Exception error) when (error is DeviceFaultException or IOException or InvalidOperationException or OperationCanceledException)
            {
                call.Detach();
                connection?.Dispose();
                if (call.EndReason != EndReason.None) return EndedFromHere(device, call, sink);
                // Between two exchanges a device may close a kept connection at any moment; nothing was begun then, so once more, on a new one.
                if (isReused && !connection!.AnyByteReceived)
                {
                    connection = null;
                    continue;
                }
                return Failure(device, error, sink);
            }
        }
    }

    /// <summary>Opens a connection; ending the call ends the opening.</summary>
    private static async ValueTask<DeviceConnection> OpenAsync(RelayDevice device, BackendCall call)
    {
        using var opening = new Opening();
        if (!call.TryAttach(opening)) throw new OperationCanceledException();
        return await device.Connections.OpenAsync(call.ConnectTimeout, opening.Token);
    }

    /// <summary>Carries a call while its connection is opened.</summary>
    private sealed class Opening : IDisposable
    {
        // Never disposed of, which it needs not be without a timer: a call may be ended while, or after, the opening ends by itself.
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        public void Dispose() => _source.Cancel();
    }

    private static AttemptOutcome EndedFromHere(RelayDevice device, BackendCall call, IReplySink sink)
    {
        var refusal = call.EndReason switch
        {
            EndReason.Silent => new Refusal(504, "upstream_timeout", $"The relay '{device.Name}' was silent past its time."),
            EndReason.Vanished => new Refusal(502, "upstream_unreachable", $"The relay '{device.Name}' is gone: it cannot be reached any more."),
            _ => null,
        };
        if (refusal is null) return AttemptOutcome.Ended;
        return new AttemptOutcome(sink.IsCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }

    private static AttemptOutcome Failure(RelayDevice device, Exception error, IReplySink sink)
    {
        var fault = error as DeviceFaultException ?? new DeviceFaultException(DeviceFaultKind.Interrupted, "the connection broke", error);
        var refusal = fault.Kind switch
        {
            DeviceFaultKind.Unreachable => new Refusal(502, "upstream_unreachable", $"The relay '{device.Name}' cannot be reached: {fault.Message}."),
            DeviceFaultKind.Invalid => new Refusal(502, "upstream_invalid", $"The relay '{device.Name}' gave no valid answer: {fault.Message}."),
            DeviceFaultKind.TimedOut => new Refusal(504, "upstream_timeout", $"The relay '{device.Name}' was silent past its time."),
            _ => new Refusal(502, "upstream_interrupted", $"The relay '{device.Name}' broke off: {fault.Message}."),
        };
        return new AttemptOutcome(sink.IsCommitted ? AttemptKind.Broken : AttemptKind.Refused, refusal);
    }

    private static async ValueTask SendAsync(RelayDevice device, BackendCall call, OutboundBody body, DeviceConnection connection)
    {
        var prefix = device.PrefixFor(call.Kind);
        var size = prefix.Length + call.Headers.Length + MaxFixedHeaderBytes + (body.Length <= OnePieceBytes ? body.Length : 0);
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            var length = WriteHead(buffer, prefix.Span, call, body.Length);
            if (body.Length <= OnePieceBytes)
            {
                body.CopyTo(buffer.AsSpan(length));
                await connection.SendAsync(buffer.AsMemory(0, length + body.Length));
                return;
            }
            await SendInPiecesAsync(connection, buffer.AsMemory(0, length), body);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask SendInPiecesAsync(DeviceConnection connection, ReadOnlyMemory<byte> head, OutboundBody body)
    {
        try
        {
            await connection.SendAsync(head);
            for (var i = 0; i < OutboundBody.PieceCount; i++)
            {
                var piece = body.Piece(i);
                if (!piece.IsEmpty) await connection.SendAsync(piece);
            }
        }
        catch (IOException)
        {
            // A device that refuses a large body answers and closes before it has read all of it: the answer may be there already.
        }
    }

    private static int WriteHead(Span<byte> target, ReadOnlySpan<byte> prefix, BackendCall call, int bodyLength)
    {
        prefix.CopyTo(target);
        var position = prefix.Length;
        call.Headers.Span.CopyTo(target[position..]);
        position += call.Headers.Length;
        Append(target, ref position, "X-Request-ID: "u8);
        position += Encoding.ASCII.GetBytes(call.RequestId, target[position..]);
        Append(target, ref position, "\r\nContent-Length: "u8);
        Utf8Formatter.TryFormat(bodyLength, target[position..], out var written);
        position += written;
        Append(target, ref position, "\r\n\r\n"u8);
        return position;
    }

    private static void Append(Span<byte> target, ref int position, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(target[position..]);
        position += bytes.Length;
    }

    private static async ValueTask ReadHeadAsync(DeviceConnection connection)
    {
        do
        {
            if (!connection.Received(await connection.ReceiveAsync()))
                throw new DeviceFaultException(DeviceFaultKind.Interrupted, "the connection was closed without an answer");
        }
        while (!connection.TryReadHead());
    }

    private static async ValueTask<AttemptOutcome> ReadReplyAsync(RelayDevice device, BackendCall call, DeviceConnection connection, IReplySink sink)
    {
        sink.Start(ReplyHeadReader.Read(connection.Head));
        while (true)
        {
            while (connection.TryReadBody(out var bytes)) sink.Write(bytes);
            if (connection.IsBodyComplete) break;
            // A flush is only waited for when the caller is slower than the device; then the device is made to wait too.
            var flush = sink.FlushAsync();
            if (!flush.IsCompletedSuccessfully) await flush;
            if (connection.Received(await connection.ReceiveAsync())) continue;
            if (connection.EndsWithConnection) break;
            throw new DeviceFaultException(DeviceFaultKind.Interrupted, "the connection ended before the reply did");
        }
        sink.End();
        if (call.Detach()) device.Connections.Return(connection);
        else connection.Dispose();
        return AttemptOutcome.Completed;
    }

    private static async ValueTask<AttemptOutcome> ReadRefusalAsync(RelayDevice device, BackendCall call, DeviceConnection connection, IReplySink sink)
    {
        var head = connection.Head;
        var status = head.Status;
        var contentType = Text(head.Find("content-type"u8));
        var retryAfter = Text(head.Find("retry-after"u8));
        var body = await ReadRefusalBodyAsync(connection);
        if (!call.Detach())
        {
            connection.Dispose();
            return EndedFromHere(device, call, sink);
        }
        device.Connections.Return(connection);

        var isJson = contentType?.Contains("json", StringComparison.OrdinalIgnoreCase) == true && body.Length > 0 && body[0] is (byte)'{' or (byte)'[';
        var refusal = status switch
        {
            >= 300 and < 400 => new Refusal(502, "upstream_invalid", $"The relay '{device.Name}' answered with a redirect (HTTP {status}); give its final address."),
            401 or 403 => new Refusal(502, "upstream_unauthorized", $"The relay '{device.Name}' does not accept this node's key (HTTP {status}); set one with: mycel relay add URL --api-key secret:NAME"),
            _ => new Refusal(status, StatusCodeName(status), $"The relay '{device.Name}' refused the request (HTTP {status}).")
            {
                Body = isJson ? body : null,
                ContentType = contentType,
                RetryAfter = retryAfter,
            },
        };
        var mayTryOthers = status is < 400 or 401 or 403 or 404 or 408 or 409 or 425 or 429 or >= 500;
        return new AttemptOutcome(mayTryOthers ? AttemptKind.Refused : AttemptKind.Rejected, refusal);
    }

    private static async ValueTask<byte[]> ReadRefusalBodyAsync(DeviceConnection connection)
    {
        using var body = new MemoryStream();
        while (true)
        {
            while (connection.TryReadBody(out var bytes)) body.Write(bytes);
            if (connection.IsBodyComplete) return body.ToArray();
            if (body.Length > Refusal.MaxBodyBytes) return [];
            if (!connection.Received(await connection.ReceiveAsync())) return connection.EndsWithConnection ? body.ToArray() : [];
        }
    }

    private static string StatusCodeName(int status) => status switch
    {
        404 => "model_not_found",
        429 => "upstream_busy",
        >= 500 => "upstream_error",
        _ => "upstream_refused",
    };

    /// <summary>A header's value, where it can be passed on: the server that answers the caller sends ASCII only.</summary>
    private static string? Text(ReadOnlySpan<byte> value) =>
        value.IsEmpty || value.ContainsAnyExceptInRange((byte)' ', (byte)'~') ? null : Encoding.Latin1.GetString(value);
}
