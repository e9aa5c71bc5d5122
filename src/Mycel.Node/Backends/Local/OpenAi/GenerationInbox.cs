using System.Threading.Tasks.Sources;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Something that one of a request's generations told: some text, or its end.</summary>
/// <param name="Generation">Which one, from 0 on.</param>
/// <param name="TextStart">Where its text begins in the batch.</param>
/// <param name="TextLength">Bytes of its text.</param>
/// <param name="LogProbs">The tokens behind the text, where they were asked for.</param>
/// <param name="End">How it ended; null where it goes on.</param>
internal readonly record struct GenerationEvent(int Generation, int TextStart, int TextLength, IReadOnlyList<TokenLogProb>? LogProbs, GenerationEnd? End);

/// <summary>What was told since it was last looked at.</summary>
internal sealed class GenerationBatch
{
    private byte[] _text = [];
    private int _length;

    public List<GenerationEvent> Events { get; } = [];

    public ReadOnlySpan<byte> Text(in GenerationEvent told) => _text.AsSpan(told.TextStart, told.TextLength);

    public void Add(int generation, ReadOnlySpan<byte> text, IReadOnlyList<TokenLogProb>? logProbs)
    {
        if (_text.Length < _length + text.Length) Array.Resize(ref _text, Math.Max(256, (_length + text.Length) * 2));
        text.CopyTo(_text.AsSpan(_length));
        Events.Add(new GenerationEvent(generation, _length, text.Length, logProbs, null));
        _length += text.Length;
    }

    public void Clear()
    {
        Events.Clear();
        _length = 0;
    }
}

/// <summary>
/// Takes what the engine's thread tells of a request's generations, and hands it to the request's own way, which never runs on
/// that thread. What waits here for a caller who reads slowly is bounded by the context: a generation has no more tokens than that.
/// </summary>
internal sealed class GenerationInbox : IValueTaskSource
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<bool> _arrival = new() { RunContinuationsAsynchronously = true };
    private GenerationBatch _arriving = new();
    private GenerationBatch _taken = new();
    private bool _isAwaited;
    private bool _isWoken;
    private bool _isClosed;

    /// <summary>Where the engine tells of one generation.</summary>
    public IGenerationSink SinkFor(int generation) => new Sink(this, generation);

    /// <summary>Completes when something was told, or <see cref="Wake"/> was called. One at a time may wait.</summary>
    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_isWoken || _arriving.Events.Count > 0)
            {
                _isWoken = false;
                return default;
            }
            _arrival.Reset();
            _isAwaited = true;
            return new ValueTask(this, _arrival.Version);
        }
    }

    /// <summary>What was told since the last time; valid until the next.</summary>
    public GenerationBatch Take()
    {
        lock (_lock)
        {
            _taken.Clear();
            (_arriving, _taken) = (_taken, _arriving);
            return _taken;
        }
    }

    /// <summary>Has who waits look around, though nothing was told.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _isWoken = !_isAwaited;
            Signal();
        }
    }

    /// <summary>From here on what is told is dropped.</summary>
    public void Close()
    {
        lock (_lock) _isClosed = true;
    }

    private void Signal()
    {
        if (!_isAwaited) return;
        _isAwaited = false;
        _arrival.SetResult(true);
    }

    private void AddEnd(int generation, GenerationEnd end)
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _arriving.Events.Add(new GenerationEvent(generation, 0, 0, null, end));
            Signal();
        }
    }

    private void AddText(int generation, ReadOnlySpan<byte> text, IReadOnlyList<TokenLogProb>? logProbs)
    {
        lock (_lock)
        {
            if (_isClosed) return;
            _arriving.Add(generation, text, logProbs);
            Signal();
        }
    }

    void IValueTaskSource.GetResult(short token) => _arrival.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _arrival.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _arrival.OnCompleted(continuation, state, token, flags);

    private sealed class Sink(GenerationInbox inbox, int generation) : IGenerationSink
    {
        public void OnStart(int promptTokens, int cachedTokens)
        {
            // The counts come again with the end, which is where they are told.
        }

        public void OnText(ReadOnlySpan<byte> utf8, IReadOnlyList<TokenLogProb>? logProbs) => inbox.AddText(generation, utf8, logProbs);

        public void OnEnd(GenerationEnd end) => inbox.AddEnd(generation, end);
    }
}
