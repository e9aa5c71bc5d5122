using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Mycel.Identity.Certificates;
using Mycel.Node.Links;
using Mycel.Node.Links.Wire;
using Mycel.Transport;

namespace Mycel.Node.Tests.Protocol;

/// <summary>Whole streams of damaged bytes, cut at any place: each is answered, refused or reset, and none is left open.</summary>
public sealed class StreamFuzzTests
{
    [Fact]
    public async Task Every_stream_that_a_peer_opens_comes_to_an_end()
    {
        using var keys = new VectorKeys();
        var defects = new DefectLog();
        await using var connection = new FuzzConnection(Streams(keys), Fuzzing.DefaultCount * Fuzzing.Factor);
        var server = new StreamServer(TimeProvider.System, defects);
        server.Serve([new PingHandler(), new EchoHandler(Kind.Greeting, Greeting.Parser), new EchoHandler(Kind.Records, Update.Parser)]);

        var link = new FuzzLink(keys).Over(connection);
        await server.RunAsync(link, link.Connections[0]);
        await connection.AllDisposed.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

        Assert.True(defects.First is null, $"Seed {Fuzzing.Seed}: {defects.First}");
        Assert.True(connection.Answered > 1000, $"Only {connection.Answered} streams were answered: the inputs are too damaged to reach anything.");
    }

    private static IEnumerable<byte[]> Streams(VectorKeys keys) =>
    [
        WireVectors.Frame(1, WireVectors.Plain(Kind.Ping)),
        [.. WireVectors.Frame(1, WireVectors.Plain(Kind.Greeting)), .. WireVectors.Frame(6, WireVectors.GreetingOf(keys))],
        [.. WireVectors.Frame(1, WireVectors.Plain(Kind.Records)), .. WireVectors.Frame(6, WireVectors.UpdateOf(keys)), .. WireVectors.Frame(6, WireVectors.UpdateOf(keys))],
        [.. WireVectors.Frame(1, WireVectors.InferenceHeader(keys)), .. WireVectors.Data(WireVectors.RequestBody), .. WireVectors.Frame(4, [])],
    ];

    /// <summary>Reads messages of a type to the end of the stream, and says the last one back.</summary>
    private sealed class EchoHandler(Kind kind, MessageParser parser) : IStreamHandler
    {
        public Kind Kind => kind;

        public async Task HandleAsync(InboundStream stream)
        {
            if (parser is MessageParser<Greeting> greeting) await EchoAsync(stream, greeting);
            else await EchoAsync(stream, (MessageParser<Update>)parser);
        }

        private static async Task EchoAsync<T>(InboundStream stream, MessageParser<T> parser)
            where T : class, IMessage<T>
        {
            T? last = null;
            while (await stream.ReadMessageAsync(parser, CancellationToken.None) is { } message) last = message;
            if (last is not null) stream.Write(last);
            await stream.Writer.FlushAsync(end: true);
        }
    }

    private sealed class FuzzLink(VectorKeys keys)
    {
        public Link Over(ITransportConnection connection) => new(new LinkConnection(connection, new ProvenPeer(keys.GuestCertificate), Carrier.Quic, isDialled: false), prefersOwnDial: false, TimeProvider.System);
    }

    /// <summary>Keeps the first failure that the server takes for its own.</summary>
    private sealed class DefectLog : ILogger
    {
        public Exception? First { get; private set; }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error) First ??= exception;
        }
    }

    /// <summary>A connection whose peer opens so many streams of damaged bytes, some at once.</summary>
    private sealed class FuzzConnection(IEnumerable<byte[]> valid, int count) : ITransportConnection
    {
        private readonly Fuzzing _fuzzing = new(valid, salt: 100);
        private readonly SemaphoreSlim _room = new(64);
        private readonly TaskCompletionSource _allDisposed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _opened;
        private int _disposed;
        private int _answered;

        public Task AllDisposed => _allDisposed.Task;

        public int Answered => _answered;

        public IPEndPoint RemoteEndPoint { get; } = new(IPAddress.Loopback, 1);

        public ReadOnlyMemory<byte> PeerCertificate => default;

        public Task<TransportEnd> Closed { get; } = new TaskCompletionSource<TransportEnd>().Task;

        public ValueTask<ITransportStream> OpenStreamAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

        public async ValueTask<ITransportStream?> AcceptStreamAsync(CancellationToken cancellation = default)
        {
            if (_opened == count) return null;
            _opened++;
            await _room.WaitAsync(cancellation);
            return new FuzzStream(this, _fuzzing.Next().ToArray(), _fuzzing.Choose(4) == 0 ? _fuzzing.Choose(64) + 1 : int.MaxValue);
        }

        public ValueTask CloseAsync(long code, string reason) => default;

        public TransportStatistics ReadStatistics() => default;

        public ValueTask DisposeAsync() => default;

        private void Count(BytesStream inner)
        {
            if (inner.Written.Length > 0) Interlocked.Increment(ref _answered);
            _room.Release();
            if (Interlocked.Increment(ref _disposed) == count) _allDisposed.TrySetResult();
        }

        private sealed class FuzzStream(FuzzConnection connection, byte[] bytes, int pieceBytes) : ITransportStream
        {
            private readonly BytesStream _inner = new(bytes, pieceBytes);

            public long Id => 0;

            public Task WritesClosed => Task.CompletedTask;

            public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation = default) => _inner.ReadAsync(buffer, cancellation);

            public ValueTask WriteAsync(ReadOnlyMemory<byte> data, bool end = false, CancellationToken cancellation = default) => _inner.WriteAsync(data, end, cancellation);

            public void AbortRead(long code) => _inner.AbortRead(code);

            public void AbortWrite(long code) => _inner.AbortWrite(code);

            public ValueTask DisposeAsync()
            {
                connection.Count(_inner);
                return default;
            }
        }
    }
}
