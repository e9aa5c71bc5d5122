using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>
/// All generations of one request, from their start to their end: what they tell goes to the reply, and the reply to the sink.
/// Disposing of it cancels them, from any thread; it has ended only when each of them has, so that their slots are free then.
/// </summary>
/// <param name="engine">What generates.</param>
/// <param name="requests">What to generate.</param>
/// <param name="reply">What is made of it.</param>
/// <param name="sink">Where the reply goes.</param>
/// <param name="time">The clock.</param>
internal sealed class GenerationRun(ILocalEngine engine, IReadOnlyList<GenerationRequest> requests, ReplyWriter reply, IReplySink sink, TimeProvider time) : IDisposable
{
    /// <summary>Longest wait for the end of what was cancelled; that takes one step of the engine.</summary>
    private static readonly TimeSpan MaxCancelTime = TimeSpan.FromSeconds(1);

    private static readonly KeyValuePair<string, string>[] StreamHeaders = [new("Cache-Control", "no-cache")];

    private readonly Lock _lock = new();
    private readonly GenerationInbox _inbox = new();
    private readonly IGeneration?[] _generations = new IGeneration?[requests.Count];
    private bool _isCancelled;
    private bool _hasStarted;
    private int _begun;
    private int _ended;

    /// <summary>Generates until all have ended or one has failed.</summary>
    /// <returns>What went wrong; null where nothing did.</returns>
    /// <exception cref="OperationCanceledException">It was disposed of.</exception>
    public async ValueTask<EngineFault?> RunAsync()
    {
        try
        {
            Begin();
            while (_ended < requests.Count)
            {
                await _inbox.WaitAsync();
                ThrowIfCancelled();
                if (Read(_inbox.Take()) is { } fault) return fault;
                if (reply.IsStream && reply.Output.Length > 0) await SendAsync();
            }
            if (reply.Output.Length > 0) await SendAsync();
            ThrowIfCancelled();
            sink.End();
            return null;
        }
        finally
        {
            if (_ended < _begun) await CancelAsync();
            _inbox.Close();
        }
    }

    /// <summary>Cancels all of them.</summary>
    public void Dispose()
    {
        IGeneration?[] begun;
        lock (_lock)
        {
            _isCancelled = true;
            begun = [.. _generations];
        }
        foreach (var generation in begun) generation?.Cancel();
        _inbox.Wake();
    }

    private void ThrowIfCancelled()
    {
        lock (_lock)
        {
            if (_isCancelled) throw new OperationCanceledException();
        }
    }

    /// <summary>Begins as many as the engine computes at once; the others follow as these end, so that one request does not fill the engine's line.</summary>
    private void Begin()
    {
        var most = Math.Max(1, engine.Model.Slots);
        while (_begun < requests.Count && _begun - _ended < most)
        {
            var index = _begun++;
            var generation = engine.Generate(requests[index], _inbox.SinkFor(index));
            bool isCancelled;
            lock (_lock)
            {
                _generations[index] = generation;
                isCancelled = _isCancelled;
            }
            if (isCancelled) generation.Cancel();
        }
    }

    private EngineFault? Read(GenerationBatch batch)
    {
        EngineFault? fault = null;
        foreach (var told in batch.Events)
        {
            if (told.End is not { } end)
            {
                if (fault is null) reply.Text(told.Generation, batch.Text(told), told.LogProbs);
                continue;
            }
            _ended++;
            if (end.Reason is FinishReason.Stop or FinishReason.Length)
            {
                if (fault is null) reply.End(told.Generation, end);
            }
            else
            {
                fault ??= end.Fault ?? new EngineFault(EngineFaultKind.Lost, "The engine ended the answer before it was whole. Send the request again.");
            }
        }
        if (fault is null && _begun < requests.Count) Begin();
        return fault;
    }

    private async ValueTask SendAsync()
    {
        if (!_hasStarted)
        {
            _hasStarted = true;
            sink.Start(reply.IsStream
                ? new ReplyHead(200, "text/event-stream; charset=utf-8", true, false, -1, StreamHeaders)
                : new ReplyHead(200, "application/json", false, false, reply.Output.Length, []));
        }
        sink.Write(reply.Output.Written);
        reply.Output.Clear();
        var flush = sink.FlushAsync();
        if (!flush.IsCompletedSuccessfully) await flush;
    }

    /// <summary>Ends what still runs, and waits until it has ended.</summary>
    private async ValueTask CancelAsync()
    {
        Dispose();
        var until = time.GetTimestamp() + (long)(MaxCancelTime.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            foreach (var told in _inbox.Take().Events)
            {
                if (told.End is not null) _ended++;
            }
            var left = time.GetElapsedTime(time.GetTimestamp(), until);
            if (_ended >= _begun || left <= TimeSpan.Zero) return;
            try
            {
                await _inbox.WaitAsync().AsTask().WaitAsync(left, time);
            }
            catch (TimeoutException)
            {
                // An engine that does not cancel is its supervisor's matter; the caller is not made to wait for it.
                return;
            }
        }
    }
}
