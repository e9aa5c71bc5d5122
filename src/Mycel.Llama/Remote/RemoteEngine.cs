using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mycel.Llama.Remote;

/// <summary>
/// An engine in another process (<see cref="EngineHost"/>), reached over two streams. When they end, whatever runs ends with
/// <see cref="EngineFaultKind.Lost"/>.
/// </summary>
public sealed class RemoteEngine : ILocalEngine
{
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly BlockingCollection<byte[]> _outbox = new();
    private readonly ConcurrentDictionary<int, Call> _calls = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<EmbeddingResult>> _embeddings = new();
    private readonly TaskCompletionSource<LoadedModel> _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<EngineEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IProgress<float>? _progress;
    private EngineStatistics _statistics = new();
    private LoadedModel? _model;
    private long _lastHeardAt = Stopwatch.GetTimestamp();
    private int _lastId;
    private volatile bool _isDisposed;

    private RemoteEngine(Stream input, Stream output, IProgress<float>? progress)
    {
        _input = input;
        _output = output;
        _progress = progress;
        new Thread(Read) { IsBackground = true, Name = "engine reader" }.Start();
        new Thread(Write) { IsBackground = true, Name = "engine writer" }.Start();
    }

    public LoadedModel Model => _model ?? throw new InvalidOperationException("The model is not loaded yet.");

    public Task<EngineEnd> Ended => _ended.Task;

    /// <summary>Time since the other process gave a sign of life, which it does each second.</summary>
    public TimeSpan Silence => Stopwatch.GetElapsedTime(Volatile.Read(ref _lastHeardAt));

    /// <summary>Lets the other process load a model.</summary>
    /// <param name="input">What comes from the host.</param>
    /// <param name="output">What goes to it.</param>
    /// <param name="options">What to load and how.</param>
    /// <param name="progress">Told how much is loaded, 0 to 1.</param>
    /// <param name="cancellation">Gives up; the host's process is then to be ended.</param>
    /// <exception cref="EngineException">It cannot be loaded (<see cref="EngineFaultKind.BadRequest"/>), or the process ended (<see cref="EngineFaultKind.Lost"/>).</exception>
    public static async Task<RemoteEngine> LoadAsync(Stream input, Stream output, EngineOptions options, IProgress<float>? progress, CancellationToken cancellation)
    {
        var engine = new RemoteEngine(input, output, progress);
        try
        {
            // Where the process has ended already this is not sent; then the news of its end is what comes of the wait.
            engine.TrySend(new FrameWriter().Begin(FrameKind.Load).Json(options, WireJson.Default.EngineOptions));
            engine._model = await engine._loaded.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public IGeneration Generate(GenerationRequest request, IGenerationSink sink)
    {
        var id = Interlocked.Increment(ref _lastId);
        var call = new Call(this, id, sink);
        _calls[id] = call;
        if (!TrySend(new FrameWriter().Begin(FrameKind.Generate).Int(id).Json(request, WireJson.Default.GenerationRequest))) EndCall(call, Lost());
        return call;
    }

    public async Task<EmbeddingResult> EmbedAsync(EmbeddingRequest request, CancellationToken cancellation)
    {
        var id = Interlocked.Increment(ref _lastId);
        var result = new TaskCompletionSource<EmbeddingResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        _embeddings[id] = result;
        if (!TrySend(new FrameWriter().Begin(FrameKind.Embed).Int(id).Json(request, WireJson.Default.EmbeddingRequest)))
        {
            _embeddings.TryRemove(id, out _);
            throw new EngineException(LostFault());
        }
        await using var registration = cancellation.UnsafeRegister(_ =>
        {
            if (_embeddings.TryRemove(id, out var waiting)) waiting.TrySetCanceled(cancellation);
            TrySend(new FrameWriter().Begin(FrameKind.Cancel).Int(id));
        }, null).ConfigureAwait(false);
        return await result.Task.ConfigureAwait(false);
    }

    public EngineStatistics ReadStatistics() => Volatile.Read(ref _statistics);

    private bool TrySend(FrameWriter frame)
    {
        try
        {
            if (_ended.Task.IsCompleted) return false;
            _outbox.Add(frame.Finish().Written.ToArray());
            // Between the question and the answer it may have ended; what ends all looks through the calls after.
            return !_ended.Task.IsCompleted;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void Write()
    {
        try
        {
            foreach (var frame in _outbox.GetConsumingEnumerable())
            {
                _output.Write(frame);
                _output.Flush();
            }
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The reader learns of it as well, and ends what runs.
        }
    }

    private void Read()
    {
        var reason = "its process ended";
        try
        {
            var frames = new FrameStream(_input);
            while (frames.TryRead(out var kind, out var payload))
            {
                Volatile.Write(ref _lastHeardAt, Stopwatch.GetTimestamp());
                Handle(kind, payload);
            }
        }
        catch (Exception error)
        {
            // Whatever it is, it must not end the node: the engine is given up, and started again by who keeps it.
            reason = error.Message;
        }
        EndAll(reason);
    }

    private void EndAll(string reason)
    {
        _ended.TrySetResult(new EngineEnd(_isDisposed, reason));
        _outbox.CompleteAdding();
        _loaded.TrySetException(new EngineException(new(EngineFaultKind.Lost, "The engine's process ended while it loaded the model.")));
        // Whoever does not look at it has been told otherwise.
        _ = _loaded.Task.Exception;
        foreach (var call in _calls.Values) EndCall(call, Lost());
        foreach (var id in _embeddings.Keys)
        {
            if (_embeddings.TryRemove(id, out var waiting)) waiting.TrySetException(new EngineException(LostFault()));
        }
    }

    private void Handle(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        switch (kind)
        {
            case FrameKind.Events:
                while (!reader.IsAtEnd) HandleEvent(ref reader);
                break;
            case FrameKind.Statistics:
                Volatile.Write(ref _statistics, JsonSerializer.Deserialize(payload, WireJson.Default.EngineStatistics)!);
                break;
            case FrameKind.Embedded:
                HandleEmbedded(ref reader);
                break;
            case FrameKind.EmbedFailed:
                if (_embeddings.TryRemove(reader.Int(), out var failed)) failed.TrySetException(new EngineException(JsonSerializer.Deserialize(reader.Rest, WireJson.Default.EngineFault)!));
                break;
            case FrameKind.Progress:
                _progress?.Report(BitConverter.Int32BitsToSingle(reader.Int()));
                break;
            case FrameKind.Loaded:
                _loaded.TrySetResult(JsonSerializer.Deserialize(payload, WireJson.Default.LoadedModel)!);
                break;
            case FrameKind.LoadFailed:
                _loaded.TrySetException(new EngineException(JsonSerializer.Deserialize(payload, WireJson.Default.EngineFault)!));
                break;
            default:
                throw new InvalidDataException($"The engine sent a frame of an unknown kind ({(int)kind}).");
        }
    }

    private void HandleEvent(ref FrameReader reader)
    {
        var kind = (EventKind)reader.Byte();
        _calls.TryGetValue(reader.Int(), out var call);
        switch (kind)
        {
            case EventKind.Start:
                var prompt = reader.Int();
                var cached = reader.Int();
                call?.Sink.OnStart(prompt, cached);
                break;
            case EventKind.Text:
                var text = reader.Block();
                call?.Sink.OnText(text, null);
                break;
            case EventKind.TextWithLogProbs:
                var shown = reader.Block();
                var logProbs = JsonSerializer.Deserialize(reader.Block(), WireJson.Default.IReadOnlyListTokenLogProb);
                call?.Sink.OnText(shown, logProbs);
                break;
            case EventKind.End:
                var end = JsonSerializer.Deserialize(reader.Block(), WireJson.Default.GenerationEnd)!;
                if (call is not null) EndCall(call, end);
                break;
            default:
                throw new InvalidDataException("The engine sent an event of an unknown kind.");
        }
    }

    private void HandleEmbedded(ref FrameReader reader)
    {
        var id = reader.Int();
        var tokens = reader.Int();
        var count = reader.Int();
        var length = reader.Int();
        if (!_embeddings.TryRemove(id, out var waiting)) return;
        var vectors = new float[count][];
        for (var i = 0; i < count; i++) vectors[i] = MemoryMarshal.Cast<byte, float>(reader.Take(length * sizeof(float))).ToArray();
        waiting.TrySetResult(new EmbeddingResult(vectors, tokens));
    }

    private void EndCall(Call call, GenerationEnd end)
    {
        // Two threads may end it: this process's own and the news from the other. The first one counts.
        if (_calls.TryRemove(call.Id, out _)) call.Sink.OnEnd(end);
    }

    private static EngineFault LostFault() => new(EngineFaultKind.Lost, "The engine that computed the answer ended. Send the request again.");

    private static GenerationEnd Lost() => new(FinishReason.Failed) { Fault = LostFault() };

    public ValueTask DisposeAsync()
    {
        _isDisposed = true;
        _outbox.CompleteAdding();
        _output.Dispose();
        return default;
    }

    private sealed class Call(RemoteEngine engine, int id, IGenerationSink sink) : IGeneration
    {
        public int Id { get; } = id;

        public IGenerationSink Sink { get; } = sink;

        public void Cancel() => engine.TrySend(new FrameWriter().Begin(FrameKind.Cancel).Int(Id));
    }
}
