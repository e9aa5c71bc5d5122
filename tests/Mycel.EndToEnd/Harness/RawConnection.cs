using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mycel.EndToEnd.Harness;

/// <summary>A client that says exactly what it is told to, byte for byte, and sees exactly what comes back.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly ByteReader _reader;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private long _left;
    private bool _chunked;

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _reader = new ByteReader(socket);
    }

    public static async Task<RawConnection> OpenAsync(NodeProcess node, int receiveBufferBytes = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0) socket.ReceiveBufferSize = receiveBufferBytes;
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Port));
        return new RawConnection(socket);
    }

    /// <summary>A POST with a JSON body of known length, ready to be sent.</summary>
    public static byte[] Post(string target, byte[] body, string moreHeaders = "") =>
        [.. Encoding.Latin1.GetBytes($"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n{moreHeaders}\r\n"), .. body];

    public static byte[] Post(string target, string body, string moreHeaders = "") => Post(target, Encoding.UTF8.GetBytes(body), moreHeaders);

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None, _deadline.Token)..];
    }

    /// <summary>The next reply's head; 1xx replies are skipped.</summary>
    public async Task<MessageHead> ReadHeadAsync()
    {
        while (true)
        {
            var bytes = await _reader.ReadHeadAsync(_deadline.Token);
            if (bytes is null) throw new EndOfStreamException("The node closed the connection before a whole reply head.");
            var head = new MessageHead(bytes);
            if (head.Status is >= 100 and < 200) continue;
            _chunked = head.IsChunked;
            _left = head["Content-Length"] is { } length ? long.Parse(length, CultureInfo.InvariantCulture) : _chunked ? 0 : long.MaxValue;
            return head;
        }
    }

    /// <summary>The next piece of the reply's body; empty at its proper end.</summary>
    /// <exception cref="EndOfStreamException">The body broke off.</exception>
    public async Task<byte[]> ReadPieceAsync(int most = 64 * 1024)
    {
        if (_chunked)
        {
            return await _reader.ReadChunkAsync(_deadline.Token) ?? throw new EndOfStreamException("The chunked body broke off.");
        }

        if (_left == 0) return [];
        var piece = await _reader.ReadSomeAsync((int)Math.Min(most, _left), _deadline.Token);
        if (piece.Length == 0 && _left != long.MaxValue) throw new EndOfStreamException($"The body broke off with {_left} bytes to come.");
        if (_left != long.MaxValue) _left -= piece.Length;
        return piece;
    }

    /// <summary>The whole rest of the reply's body.</summary>
    public async Task<byte[]> ReadBodyAsync()
    {
        using var body = new MemoryStream();
        while (true)
        {
            var piece = await ReadPieceAsync();
            if (piece.Length == 0) return body.ToArray();
            body.Write(piece);
        }
    }

    /// <summary>Reads the body until it holds <paramref name="text"/>; the result is all that was read.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        var seen = new StringBuilder();
        while (!seen.ToString().Contains(text, StringComparison.Ordinal))
        {
            var piece = await ReadPieceAsync();
            if (piece.Length == 0) throw new EndOfStreamException($"The body ended without '{text}': {seen}");
            seen.Append(Encoding.UTF8.GetString(piece));
        }

        return seen.ToString();
    }

    /// <summary>One request and its whole reply.</summary>
    public async Task<(MessageHead Head, byte[] Body)> ExchangeAsync(byte[] request)
    {
        await SendAsync(request);
        var head = await ReadHeadAsync();
        return (head, await ReadBodyAsync());
    }

    /// <summary>Hangs up at once, as a client that was killed.</summary>
    public void HangUp() => _socket.Close();

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _deadline.Dispose();
        return ValueTask.CompletedTask;
    }
}
