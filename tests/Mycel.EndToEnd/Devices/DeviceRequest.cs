using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Devices;

/// <summary>One request as the device saw it on the wire.</summary>
internal sealed class DeviceRequest(MessageHead head, byte[] body, int connection, int indexOnConnection)
{
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public MessageHead Head { get; } = head;

    public byte[] Body { get; } = body;

    /// <summary>Number of the connection it came on, from 1.</summary>
    public int Connection { get; } = connection;

    /// <summary>Its place on that connection, from 0.</summary>
    public int IndexOnConnection { get; } = indexOnConnection;

    /// <summary><see cref="Stopwatch"/> time at which it was complete.</summary>
    public long ArrivedAt { get; } = Stopwatch.GetTimestamp();

    public string Method => Head.StartLine.Split(' ')[0];

    public string Path => Head.StartLine.Split(' ')[1];

    public string BodyText => Encoding.UTF8.GetString(Body);

    /// <summary>The body as JSON; fails where it is none.</summary>
    public JsonNode Json => JsonNode.Parse(Body)!;

    /// <summary>Completes when the node has closed the connection, or the device has.</summary>
    public Task Closed => _closed.Task;

    internal void MarkClosed() => _closed.TrySetResult();
}
