using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>
/// A way to a node's UDP port that delays, loses and records datagrams, as a router with address translation on a bad line. It listens on all loopback
/// addresses, so that it can be told to others as eight addresses.
/// </summary>
internal sealed class UdpPath : IDisposable
{
    private readonly Socket _front = Bind(IPAddress.Any);
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<EndPoint, Socket> _backs = new();
    private readonly BlockingCollection<(long DueAt, Socket From, EndPoint To, byte[] Bytes)> _under = new(new ConcurrentQueue<(long, Socket, EndPoint, byte[])>());
    private readonly ConcurrentQueue<byte[]> _recorded = new();
    private readonly Random _random;
    private long _passed;
    private long _lost;

    public UdpPath(IPEndPoint target, int seed = 20261121)
    {
        _target = target;
        _random = new Random(seed);
        new Thread(Deliver) { IsBackground = true }.Start();
        new Thread(Receive) { IsBackground = true }.Start();
    }

    public int Port => ((IPEndPoint)_front.LocalEndPoint!).Port;

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    /// <summary>As many addresses as a node may tell of itself, all of this path.</summary>
    public IReadOnlyList<string> Addresses => [.. Enumerable.Range(1, 8).Select(i => $"127.0.0.{i}:{Port}")];

    /// <summary>Delay in each direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Of a hundred datagrams in each direction, how many are lost.</summary>
    public int LossPercent { get; set; }

    /// <summary>Whether nothing gets through.</summary>
    public volatile bool IsCut;

    /// <summary>Whether what goes to the node is kept.</summary>
    public bool IsRecording { get; set; }

    public IReadOnlyList<byte[]> Recorded => [.. _recorded];

    /// <summary>Datagrams passed on so far.</summary>
    public long Passed => Interlocked.Read(ref _passed);

    /// <summary>Datagrams lost so far.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    /// <summary>The node sees whoever comes this way at another port from now on.</summary>
    public void Rebind()
    {
        foreach (var client in _backs.Keys) _backs[client] = AddBack(client);
    }

    public void Dispose()
    {
        _under.CompleteAdding();
        _front.Dispose();
        foreach (var back in _backs.Values) back.Dispose();
    }

    private static Socket Bind(IPAddress address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, SendBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }

    private void Receive() => Pump(_front, (bytes, from) =>
    {
        var client = new IPEndPoint(((IPEndPoint)from).Address, ((IPEndPoint)from).Port);
        if (IsRecording) _recorded.Enqueue(bytes);
        Pass(_backs.GetOrAdd(client, AddBack), _target, bytes);
    });

    private Socket AddBack(EndPoint client)
    {
        var back = Bind(IPAddress.Loopback);
        new Thread(() => Pump(back, (bytes, _) => Pass(_front, client, bytes))) { IsBackground = true }.Start();
        return back;
    }

    private void Pass(Socket from, EndPoint to, byte[] bytes)
    {
        bool isLost;
        lock (_random) isLost = IsCut || _random.Next(100) < LossPercent;
        if (isLost) Interlocked.Increment(ref _lost);
        else if (!_under.IsAddingCompleted) _under.Add((Stopwatch.GetTimestamp() + (long)(Delay.TotalSeconds * Stopwatch.Frequency), from, to, bytes));
    }

    private void Deliver()
    {
        foreach (var (dueAt, from, to, bytes) in _under.GetConsumingEnumerable())
        {
            while (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), dueAt) is { Ticks: > 0 } left) Thread.Sleep(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left);
            try
            {
                from.SendTo(bytes, to);
                Interlocked.Increment(ref _passed);
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                // Nobody is there any more.
            }
        }
    }

    private static void Pump(Socket socket, Action<byte[], EndPoint> take)
    {
        var buffer = new byte[65_536];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        while (true)
        {
            try
            {
                var count = socket.ReceiveFrom(buffer, ref from);
                take(buffer[..count], from);
            }
            catch (SocketException closed) when (closed.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // The node was not there for the datagram before.
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }
}
