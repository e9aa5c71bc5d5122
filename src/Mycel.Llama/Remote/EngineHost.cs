using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json;
using Mycel.Llama.Native;

namespace Mycel.Llama.Remote;

/// <summary>
/// The process that computes: serves one model to the process that started it, over two streams. It ends when the first of them ends,
/// so that it never outlives its node.
/// </summary>
public sealed class EngineHost
{
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(1);

    /// <summary>A computation that takes longer hangs: on the slowest machine, with a model that is read from its disk meanwhile, one takes a few minutes.</summary>
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMinutes(15);

    private readonly Stream _output;
    private readonly FrameStream _frames;
    private readonly FrameWriter _events = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<int, IGeneration> _running = new();
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _embedding = new();
    private bool _hasEvents;
    private int _lastProgress = -1;
    private volatile bool _isNodeGone;

    private EngineHost(Stream input, Stream output)
    {
        _output = output;
        _frames = new FrameStream(input);
    }

    /// <summary>Serves until <paramref name="input"/> ends. Blocks.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(Stream input, Stream output) => new EngineHost(input, output).Serve();

    private int Serve()
    {
        if (!_frames.TryRead(out var kind, out var payload)) return 0;
        if (kind != FrameKind.Load) return 2;
        var options = JsonSerializer.Deserialize(payload, WireJson.Default.EngineOptions)!;
        var loading = Task.Factory.StartNew(() => Load(options), TaskCreationOptions.LongRunning);
        using var timer = new Timer(_ => SendStatistics(loading), null, SignOfLife, SignOfLife);
        if (loading.Result is not { } engine) return 1;
        _ = engine.Ended.ContinueWith(_ => Environment.Exit(3), TaskScheduler.Default);
        while (_frames.TryRead(out kind, out payload)) Handle(engine, kind, payload);
        // The other process is gone or done with this one. What is loaded needs no tidying: the system takes back all of it at once.
        return 0;
    }

    private LlamaEngine? Load(EngineOptions options)
    {
        EngineFault fault;
        try
        {
            var engine = LlamaEngine.Load(options, TellProgress, Flush);
            Send(new FrameWriter().Begin(FrameKind.Loaded).Json(engine.Model, WireJson.Default.LoadedModel).Finish());
            return engine;
        }
        catch (EngineException error)
        {
            fault = error.Fault;
        }
        catch (Exception error) when (error is LlamaLibraryException or Gguf.GgufException or IOException or UnauthorizedAccessException or EntryPointNotFoundException or DllNotFoundException)
        {
            fault = new(EngineFaultKind.BadRequest, error.Message);
        }
        catch (Exception defect)
        {
            fault = new(EngineFaultKind.BadRequest, $"{Path.GetFileName(options.ModelPath)} could not be loaded: {defect.Message}");
        }
        Send(new FrameWriter().Begin(FrameKind.LoadFailed).Json(fault, WireJson.Default.EngineFault).Finish());
        return null;
    }

    private bool TellProgress(float progress)
    {
        var percent = (int)(progress * 100);
        if (percent != _lastProgress)
        {
            _lastProgress = percent;
            Send(new FrameWriter().Begin(FrameKind.Progress).Int(BitConverter.SingleToInt32Bits(progress)).Finish());
        }
        // Loading may take minutes and much memory; without a node nobody wants it.
        return !_isNodeGone;
    }

    private void SendStatistics(Task<LlamaEngine?> loading)
    {
        var engine = loading.IsCompletedSuccessfully ? loading.Result : null;
        if (engine?.TurnTime > LongestTurn)
        {
            Console.Error.WriteLine($"llama.cpp computed one step for more than {LongestTurn.TotalMinutes} minutes");
            Environment.Exit(4);
        }
        var statistics = engine?.ReadStatistics() ?? new EngineStatistics();
        Send(new FrameWriter().Begin(FrameKind.Statistics).Json(statistics, WireJson.Default.EngineStatistics).Finish());
    }

    private void Handle(LlamaEngine engine, FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(payload);
        var id = reader.Int();
        switch (kind)
        {
            case FrameKind.Generate:
                Generate(engine, id, JsonSerializer.Deserialize(reader.Rest, WireJson.Default.GenerationRequest)!);
                break;
            case FrameKind.Embed:
                _ = EmbedAsync(engine, id, JsonSerializer.Deserialize(reader.Rest, WireJson.Default.EmbeddingRequest)!);
                break;
            case FrameKind.Cancel:
                if (_running.TryGetValue(id, out var generation)) generation.Cancel();
                if (_embedding.TryGetValue(id, out var embedding)) embedding.Cancel();
                break;
            default:
                throw new InvalidDataException($"The node sent a frame of an unknown kind ({(int)kind}).");
        }
    }

    private void Generate(LlamaEngine engine, int id, GenerationRequest request)
    {
        var sink = new Sink(this, id);
        var generation = engine.Generate(request, sink);
        if (!sink.HasEnded) _running[id] = generation;
        if (sink.HasEnded) _running.TryRemove(id, out _);
        // A request that was refused at once told so on this thread, where no turn of the engine ends.
        Flush();
    }

    private async Task EmbedAsync(LlamaEngine engine, int id, EmbeddingRequest request)
    {
        var frame = new FrameWriter();
        using var cancellation = new CancellationTokenSource();
        _embedding[id] = cancellation;
        try
        {
            var result = await engine.EmbedAsync(request, cancellation.Token).ConfigureAwait(false);
            frame.Begin(FrameKind.Embedded).Int(id).Int(result.PromptTokens).Int(result.Vectors.Count).Int(result.Vectors[0].Length);
            foreach (var vector in result.Vectors) frame.Bytes(MemoryMarshal.AsBytes(vector.AsSpan()));
        }
        catch (EngineException error)
        {
            frame.Begin(FrameKind.EmbedFailed).Int(id).Json(error.Fault, WireJson.Default.EngineFault);
        }
        catch (OperationCanceledException)
        {
            frame.Begin(FrameKind.EmbedFailed).Int(id).Json(new EngineFault(EngineFaultKind.Lost, "The request was cancelled."), WireJson.Default.EngineFault);
        }
        catch (Exception defect)
        {
            frame.Clear();
            frame.Begin(FrameKind.EmbedFailed).Int(id).Json(new EngineFault(EngineFaultKind.Lost, $"The engine could not embed: {defect.Message}"), WireJson.Default.EngineFault);
        }
        _embedding.TryRemove(id, out _);
        Send(frame.Finish());
    }

    private void AddEvent(EventKind kind, int id, Action<FrameWriter>? payload = null)
    {
        lock (_gate)
        {
            BeginEvents();
            _events.Byte((byte)kind).Int(id);
            payload?.Invoke(_events);
        }
    }

    private void AddText(int id, ReadOnlySpan<byte> text)
    {
        lock (_gate)
        {
            BeginEvents();
            _events.Byte((byte)EventKind.Text).Int(id).Block(text);
        }
    }

    private void BeginEvents()
    {
        if (_hasEvents) return;
        _events.Clear();
        _events.Begin(FrameKind.Events);
        _hasEvents = true;
    }

    /// <summary>Sends the events of a turn as one frame.</summary>
    private void Flush()
    {
        lock (_gate)
        {
            if (!_hasEvents) return;
            _hasEvents = false;
            Send(_events.Finish());
        }
    }

    private void Send(FrameWriter frame)
    {
        lock (_gate)
        {
            try
            {
                _output.Write(frame.Written);
                _output.Flush();
            }
            catch (IOException)
            {
                // The node is gone: reading ends as well, and with it this process.
                _isNodeGone = true;
            }
        }
    }

    private sealed class Sink(EngineHost host, int id) : IGenerationSink
    {
        private volatile bool _hasEnded;

        public bool HasEnded => _hasEnded;

        public void OnStart(int promptTokens, int cachedTokens) => host.AddEvent(EventKind.Start, id, frame => frame.Int(promptTokens).Int(cachedTokens));

        public void OnText(ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs)
        {
            if (logProbs is null)
            {
                host.AddText(id, utf8);
                return;
            }
            var text = utf8.ToArray();
            host.AddEvent(EventKind.TextWithLogProbs, id, frame => frame.Block(text).Block(JsonSerializer.SerializeToUtf8Bytes(logProbs, WireJson.Default.IReadOnlyListTokenLogProb)));
        }

        public void OnEnd(GenerationEnd end)
        {
            _hasEnded = true;
            host._running.TryRemove(id, out _);
            host.AddEvent(EventKind.End, id, frame => frame.Block(JsonSerializer.SerializeToUtf8Bytes(end, WireJson.Default.GenerationEnd)));
        }
    }
}
