using System.Text;

namespace Mycel.Node.Backends.Relay;

/// <summary>Small requests of the node's own to a device, such as the reading of its model list.</summary>
internal static class DeviceHttp
{
    /// <summary>Largest reply read, in bytes.</summary>
    private const int MaxReplyBytes = 8 * 1024 * 1024;

    /// <summary>A small reply, read whole.</summary>
    internal readonly record struct Reply(int Status, string ContentType, string? MycelNode, byte[] Body);

    /// <exception cref="DeviceFaultException">No whole reply came within <paramref name="timeout"/>.</exception>
    public static async Task<Reply> GetAsync(RelayDevice device, string path, string? via, TimeSpan connectTimeout, TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        var warm = device.Connections.TryRent();
        if (warm is not null)
        {
            try
            {
                return await ExchangeAsync(device, warm, path, via, limit.Token);
            }
            catch (DeviceFaultException) when (!warm.AnyByteReceived && !limit.IsCancellationRequested)
            {
                // The device closed the kept connection as we wrote: a fresh one tells the truth.
            }
        }
        var connection = await device.Connections.OpenAsync(connectTimeout, cancellation);
        return await ExchangeAsync(device, connection, path, via, limit.Token);
    }

    private static async Task<Reply> ExchangeAsync(RelayDevice device, DeviceConnection connection, string path, string? via, CancellationToken limit)
    {
        await using var onLimit = limit.Register(static state => ((DeviceConnection)state!).Abort(), connection);
        try
        {
            connection.Begin();
            var loop = via is null ? "" : $"X-Mycel-Via: {via}\r\n";
            var authorization = device.ApiKey is { } key ? $"Authorization: Bearer {key}\r\n" : "";
            await connection.SendAsync(Encoding.UTF8.GetBytes(
                $"GET {device.Address.PathPrefix}{path} HTTP/1.1\r\nHost: {device.Address.HostHeader}\r\nAccept: application/json\r\n{authorization}{loop}\r\n"));
            do
            {
                if (!connection.Received(await connection.ReceiveAsync())) throw Interrupted();
            }
            while (!connection.TryReadHead());
            var body = await ReadBodyAsync(connection);
            var head = connection.Head;
            var reply = new Reply(head.Status, Encoding.Latin1.GetString(head.Find("content-type"u8)),
                head.Find("x-mycel-node"u8) is { IsEmpty: false } node ? Encoding.Latin1.GetString(node) : null, body);
            if (onLimit.Unregister()) device.Connections.Return(connection);
            else connection.Dispose();
            return reply;
        }
        catch (Exception error)
        {
            connection.Dispose();
            if (limit.IsCancellationRequested) throw new DeviceFaultException(DeviceFaultKind.TimedOut, "it was silent past its time", error);
            if (error is DeviceFaultException) throw;
            throw new DeviceFaultException(DeviceFaultKind.Interrupted, "the connection broke", error);
        }
    }

    private static async Task<byte[]> ReadBodyAsync(DeviceConnection connection)
    {
        using var body = new MemoryStream();
        while (true)
        {
            while (connection.TryReadBody(out var bytes))
            {
                if (body.Length + bytes.Length > MaxReplyBytes) throw new DeviceFaultException(DeviceFaultKind.Invalid, "its reply is larger than 8 MB");
                body.Write(bytes);
            }
            if (connection.IsBodyComplete) return body.ToArray();
            if (connection.Received(await connection.ReceiveAsync())) continue;
            if (connection.EndsWithConnection) return body.ToArray();
            throw Interrupted();
        }
    }

    private static DeviceFaultException Interrupted() => new(DeviceFaultKind.Interrupted, "the connection ended before the reply did");
}
