using System.Net.Sockets;
using System.Text;

namespace Mycel.EndToEnd.Devices;

/// <summary>What a script has in hand: the request, and the socket to answer on.</summary>
internal sealed class DeviceExchange(DeviceRequest request, Socket socket, CancellationToken gone)
{
    public DeviceRequest Request { get; } = request;

    /// <summary>The device that runs the script.</summary>
    public required FaultyDevice Device { get; init; }

    /// <summary>Cancelled when the node has hung up or the device is shut down.</summary>
    public CancellationToken Gone { get; } = gone;

    /// <summary>Whether the connection may carry another request after the script's end.</summary>
    public bool KeepAlive { get; set; } = true;

    /// <summary>Body bytes that the operating system has taken from the script.</summary>
    public long Sent { get; private set; }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = await socket.SendAsync(bytes, SocketFlags.None, Gone);
            Sent += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Closes at once with a TCP reset, as a process that was killed.</summary>
    public void Reset()
    {
        KeepAlive = false;
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Closes with a FIN after what was sent.</summary>
    public void Finish()
    {
        KeepAlive = false;
        socket.Shutdown(SocketShutdown.Send);
    }
}
