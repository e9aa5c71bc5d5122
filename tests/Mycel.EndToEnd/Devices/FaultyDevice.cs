using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mycel.EndToEnd.Harness;

namespace Mycel.EndToEnd.Devices;

/// <summary>What a device does with one request.</summary>
internal delegate Task DeviceScript(DeviceExchange exchange);

/// <summary>
/// An OpenAI-compatible backend on a bare socket that follows a script for each request, so that every malformed reply can be made byte
/// by byte, and that remembers what it was sent.
/// </summary>
internal sealed class FaultyDevice : IAsyncDisposable
{
    private static int _names;

    private readonly ConcurrentQueue<DeviceScript> _next = new();
    private readonly ConcurrentQueue<DeviceRequest> _requests = new();
    private readonly ConcurrentDictionary<Socket, byte> _open = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Socket> _fillers = [];
    private Socket _listener;
    private int _connections;
    private int _inFlight;
    private int _mostInFlight;
    private int _headsSeen;
    private int _polls;

    private FaultyDevice(string[] models)
    {
        Models = models.Length > 0 ? models : ["m" + Interlocked.Increment(ref _names).ToString(CultureInfo.InvariantCulture)];
        _listener = Listen(0, backlog: 512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = AcceptAsync(_listener);
    }

    /// <summary>Port on 127.0.0.1.</summary>
    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>What <c>/v1/models</c> lists.</summary>
    public IReadOnlyList<string> Models { get; set; }

    /// <summary>The first of <see cref="Models"/>, as it was at start.</summary>
    public string Model => Models[0];

    /// <summary>What is done with a request to <c>/v1/models</c>.</summary>
    public DeviceScript OnModels { get; set; } = Scripts.ModelList;

    /// <summary>What is done with every other request, unless one was <see cref="Next"/>.</summary>
    public DeviceScript OnRequest { get; set; } = Scripts.Proper;

    /// <summary>Requests seen so far, but for those to <c>/v1/models</c>.</summary>
    public IReadOnlyList<DeviceRequest> Requests => [.. _requests];

    /// <summary>Times that <c>/v1/models</c> was asked.</summary>
    public int Polls => Volatile.Read(ref _polls);

    /// <summary>Connections taken so far.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Connections open now.</summary>
    public int OpenConnections => _open.Count;

    /// <summary>The most requests that were being worked on at once.</summary>
    public int MostInFlight => Volatile.Read(ref _mostInFlight);

    /// <summary>Requests being worked on now.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Inference requests of which at least the head arrived.</summary>
    public int HeadsSeen => Volatile.Read(ref _headsSeen);

    /// <summary>Run before the device closes, where a test added it to a node that outlives it.</summary>
    public Func<Task>? BeforeClose { get; set; }

    public static FaultyDevice Start(params string[] models) => new(models);

    /// <summary>Scripts for the next requests, in order; then <see cref="OnRequest"/> again.</summary>
    public FaultyDevice Next(params DeviceScript[] scripts)
    {
        foreach (var script in scripts) _next.Enqueue(script);
        return this;
    }

    /// <summary>Waits for the <paramref name="count"/>-th request and returns it.</summary>
    public async Task<DeviceRequest> RequestAsync(int count = 1, TimeSpan? within = null)
    {
        await Poll.UntilAsync(() => _requests.Count >= count, $"request {count} at the device", within);
        return _requests.ElementAt(count - 1);
    }

    /// <summary>As a killed process: every connection is reset and new ones are refused.</summary>
    public void Die()
    {
        _listener.Dispose();
        foreach (var socket in _open.Keys)
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Close();
            }
            catch (ObjectDisposedException)
            {
                // It was closed from the other side in the meantime.
            }
        }
    }

    /// <summary>Refuses new connections; those that are open stay as they are.</summary>
    public void StopListening() => _listener.Dispose();

    /// <summary>Listens again on the same port.</summary>
    public void Return()
    {
        foreach (var filler in _fillers) filler.Dispose();
        _fillers.Clear();
        _listener.Dispose();
        _listener = Listen(Port, backlog: 512);
        _ = AcceptAsync(_listener);
    }

    /// <summary>
    /// As a machine without power: connection attempts get no answer at all. The listener's backlog is filled with connections that
    /// nobody takes, after which the kernel drops what comes.
    /// </summary>
    public async Task LosePowerAsync()
    {
        _listener.Dispose();
        _listener = Listen(Port, backlog: 0);
        for (var i = 0; i < 8; i++)
        {
            var filler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _fillers.Add(filler);
            using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
            try
            {
                await filler.ConnectAsync(new IPEndPoint(IPAddress.Loopback, Port), patience.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }

        Assert.Fail("The listener's backlog never filled; this test cannot imitate a machine without power here.");
    }

    public async ValueTask DisposeAsync()
    {
        if (BeforeClose is not null) await BeforeClose();
        await _stopping.CancelAsync();
        Die();
        foreach (var filler in _fillers) filler.Dispose();
    }

    private static Socket Listen(int port, int backlog)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(backlog);
        return listener;
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            try
            {
                var socket = await listener.AcceptAsync(_stopping.Token);
                socket.NoDelay = true;
                _ = ServeAsync(socket, Interlocked.Increment(ref _connections));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket, int number)
    {
        _open[socket] = 0;
        var reader = new ByteReader(socket);
        try
        {
            for (var index = 0; ; index++)
            {
                var request = await ReadRequestAsync(reader, number, index);
                if (request is null || !await AnswerAsync(request, socket)) break;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or IOException)
        {
            // The node hung up, or a script broke the connection: both are what tests are about.
        }
        finally
        {
            _open.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private async Task<DeviceRequest?> ReadRequestAsync(ByteReader reader, int connection, int index)
    {
        var bytes = await reader.ReadHeadAsync(_stopping.Token);
        if (bytes is null) return null;
        var head = new MessageHead(bytes);
        if (!IsModels(head.StartLine)) Interlocked.Increment(ref _headsSeen);
        using var body = new MemoryStream();
        if (head.IsChunked)
        {
            while (true)
            {
                var chunk = await reader.ReadChunkAsync(_stopping.Token);
                if (chunk is null) return null;
                if (chunk.Length == 0) break;
                body.Write(chunk);
            }
        }
        else if (head["Content-Length"] is { } length)
        {
            var whole = await reader.ReadExactlyAsync(int.Parse(length, CultureInfo.InvariantCulture), _stopping.Token);
            if (whole is null) return null;
            body.Write(whole);
        }

        return new DeviceRequest(head, body.ToArray(), connection, index);
    }

    private async Task<bool> AnswerAsync(DeviceRequest request, Socket socket)
    {
        var isModels = IsModels(request.Head.StartLine);
        // Before it is counted: whoever waits for the count may send the next request, which is not to get this one's script.
        var script = isModels ? OnModels : _next.TryDequeue(out var next) ? next : OnRequest;
        if (isModels) Interlocked.Increment(ref _polls);
        else Count(request);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var exchange = new DeviceExchange(request, socket, gone.Token) { Device = this };
        _ = WatchAsync(request, socket, gone);
        try
        {
            await script(exchange);
        }
        finally
        {
            if (!isModels) Interlocked.Decrement(ref _inFlight);
        }

        if (exchange.KeepAlive) return true;
        await LingerAsync(request, socket);
        return false;
    }

    private void Count(DeviceRequest request)
    {
        _requests.Enqueue(request);
        var now = Interlocked.Increment(ref _inFlight);
        for (var most = MostInFlight; now > most; most = MostInFlight)
        {
            if (Interlocked.CompareExchange(ref _mostInFlight, now, most) == most) break;
        }
    }

    /// <summary>Looks, without taking a byte, for the node's hanging up while a script runs.</summary>
    private static async Task WatchAsync(DeviceRequest request, Socket socket, CancellationTokenSource gone)
    {
        try
        {
            var count = await socket.ReceiveAsync(new byte[1], SocketFlags.Peek);
            if (count > 0) return;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Reset by the node or closed by the script: gone all the same.
        }

        request.MarkClosed();
        try
        {
            await gone.CancelAsync();
        }
        catch (ObjectDisposedException)
        {
            // The script had ended before.
        }
    }

    /// <summary>After a FIN the node must still be able to read what was sent; closing at once with unread input would reset it.</summary>
    private static async Task LingerAsync(DeviceRequest request, Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return;
        }

        await Task.WhenAny(request.Closed, Task.Delay(TimeSpan.FromSeconds(10)));
    }

    private static bool IsModels(string startLine) => startLine.StartsWith("GET ", StringComparison.Ordinal) && startLine.Contains("/models ", StringComparison.Ordinal);
}
