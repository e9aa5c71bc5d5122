using System.Text.Json;
using Mycel.Llama;
using Mycel.Llama.Chat;
using Mycel.Node.Backends.Relay;
using Mycel.Node.Models;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>One request to a local model: read, put to the engine, and its output handed on as it comes.</summary>
/// <param name="model">The model's name as it was asked for.</param>
/// <param name="source">Where its engine comes from.</param>
/// <param name="chats">Makes prompts of chats.</param>
/// <param name="allowsGrammar">Whether callers may send grammars.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalAttempt(string model, IEngineSource source, ChatRenderers chats, Func<bool> allowsGrammar, TimeProvider time)
{
    /// <summary>As deep as a request body may be nested at all.</summary>
    private const int MaxDepth = 256;

    private volatile ILocalEngine? _engine;
    private int _waitingForEngine;

    /// <summary>Whether the engine asked last has ended and no other is being started.</summary>
    public bool HasLostEngine => Volatile.Read(ref _waitingForEngine) == 0 && _engine is { Ended.IsCompleted: true };

    /// <summary>Asks the engine. Whatever happens is in the outcome, but for defects of this program: those are thrown, to be logged and told as such.</summary>
    public async ValueTask<AttemptOutcome> RunAsync(BackendCall call, IReplySink sink)
    {
        try
        {
            using var body = JsonDocument.Parse(call.Document.Body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            BrokenText.Refuse(call.Document.Body.Span);
            var outcome = call.Kind switch
            {
                InferenceKind.Chat => await ChatAsync(call, ChatFields.Read(body.RootElement, allowsGrammar()), sink),
                InferenceKind.Completion => await CompleteAsync(call, CompletionFields.Read(body.RootElement, allowsGrammar()), sink),
                _ => await EmbedAsync(call, EmbeddingFields.Read(body.RootElement), sink),
            };
            return call.Detach() || outcome.Kind == AttemptKind.Completed ? outcome : Ended(call, sink);
        }
        catch (Exception error) when (error is InvalidRequestException or ModelException or EngineException or ChatException or DeviceFaultException
            or JsonException or OperationCanceledException || (error is IOException or InvalidOperationException && sink.IsCommitted))
        {
            // Once something was sent, the two last may come of the caller's connection; before, of a defect only, and asking again would not help.
            return !call.Detach() ? Ended(call, sink) : Failure(error, sink.IsCommitted);
        }
    }

    private AttemptOutcome Ended(BackendCall call, IReplySink sink) => Refusals.OfEnded(call.EndReason, model, sink.IsCommitted);

    private AttemptOutcome Failure(Exception error, bool isCommitted) => error switch
    {
        InvalidRequestException invalid => Refusals.Of(invalid),
        ChatException chat => Refusals.Of(new InvalidRequestException(InvalidRequestException.InvalidValue, chat.Message, chat.Param)),
        ModelException unavailable => Refusals.Of(unavailable),
        EngineException engine => Refusals.Of(engine.Fault, isCommitted),
        JsonException => Refusals.Of(new InvalidRequestException("invalid_json", "The request body is not valid JSON.", null)),
        DeviceFaultException fault => Lost($"gave no valid answer: {fault.Message}", isCommitted),
        _ => Lost("broke off", isCommitted),
    };

    private AttemptOutcome Lost(string what, bool isCommitted) =>
        Refusals.Of(new EngineFault(EngineFaultKind.Lost, $"The local model '{model}' {what}. Send the request again."), isCommitted);

    private async ValueTask<AttemptOutcome> ChatAsync(BackendCall call, ChatFields fields, IReplySink sink)
    {
        var engine = await GetEngineAsync(call);
        if (engine.Model.IsEmbedding) throw WrongKind("embeds texts and does not chat; ask it at /v1/embeddings");
        var chat = chats.For(engine.Model);
        if (fields.SetsReasoningEffort && !chat.Reads("reasoning_effort"))
            throw new InvalidRequestException(InvalidRequestException.Unsupported, $"'reasoning_effort' is not known to the model '{model}'; leave it out.", "reasoning_effort");
        var prompt = chat.Render(fields.Chat);
        var stop = Joined(prompt.Stop, fields.Stop);
        var request = Common(fields, engine.Model) with
        {
            Prompt = prompt.Text,
            ParseSpecial = true,
            Stop = stop,
            Grammar = fields.Grammar ?? prompt.Grammar,
            GrammarTriggers = fields.Grammar is null ? prompt.GrammarTriggers : [],
            ShowControlTokens = prompt.ShowControlTokens,
        };
        var identity = Identify(call, "chatcmpl-", engine.Model);
        ReplyWriter reply = call.Document.IsStream
            ? new ChatStreamReply(identity, prompt, fields.Answers, fields.IncludesUsage)
            : new ChatDocumentReply(identity, prompt, fields.Answers, fields.TopLogProbs is not null);
        return await GenerateAsync(call, engine, [.. Answers(request, fields)], reply, sink);
    }

    private async ValueTask<AttemptOutcome> CompleteAsync(BackendCall call, CompletionFields fields, IReplySink sink)
    {
        var engine = await GetEngineAsync(call);
        if (engine.Model.IsEmbedding) throw WrongKind("embeds texts and does not complete them; ask it at /v1/embeddings");
        var common = Common(fields, engine.Model) with { Stop = fields.Stop, Grammar = fields.Grammar };
        var requests = new List<GenerationRequest>(fields.Prompts.Count * fields.Answers);
        foreach (var prompt in fields.Prompts)
        {
            CheckTokens(prompt.Tokens, engine.Model, "prompt");
            requests.AddRange(Answers(common with { Prompt = prompt.Text, PromptTokens = prompt.Tokens }, fields));
        }
        var reply = new CompletionReply(Identify(call, "cmpl-", engine.Model), fields, call.Document.IsStream);
        return await GenerateAsync(call, engine, requests, reply, sink);
    }

    private async ValueTask<AttemptOutcome> EmbedAsync(BackendCall call, EmbeddingFields fields, IReplySink sink)
    {
        var engine = await GetEngineAsync(call);
        if (!engine.Model.IsEmbedding) throw WrongKind("gives no embeddings; ask a model made for them, or this one at /v1/chat/completions");
        if (fields.Dimensions is { } wanted && wanted != engine.Model.EmbeddingLength)
        {
            throw new InvalidRequestException(InvalidRequestException.Unsupported,
                $"'dimensions' is {wanted}, but the model '{model}' gives vectors of {engine.Model.EmbeddingLength}, which are never cut. Leave it out.", "dimensions");
        }
        var inputs = new List<EmbeddingInput>(fields.Inputs.Count);
        foreach (var input in fields.Inputs)
        {
            CheckTokens(input.Tokens, engine.Model, "input");
            inputs.Add(new EmbeddingInput(input.Text, input.Tokens));
        }
        var ending = new CallEnding();
        if (!call.TryAttach(ending)) throw new OperationCanceledException();
        var result = await engine.EmbedAsync(new EmbeddingRequest(inputs), ending.Token);
        await EmbeddingReply.WriteAsync(result, model, fields.IsBase64, sink);
        return AttemptOutcome.Completed;
    }

    /// <summary>The engine; loading it may take long, and ends when the call does.</summary>
    private async ValueTask<ILocalEngine> GetEngineAsync(BackendCall call)
    {
        var ending = new CallEnding();
        if (!call.TryAttach(ending)) throw new OperationCanceledException();
        Interlocked.Increment(ref _waitingForEngine);
        try
        {
            var getting = source.GetAsync(ending.Token);
            return _engine = getting.IsCompletedSuccessfully ? getting.Result : await getting.AsTask().WaitAsync(ending.Token);
        }
        finally
        {
            Interlocked.Decrement(ref _waitingForEngine);
        }
    }

    private async ValueTask<AttemptOutcome> GenerateAsync(BackendCall call, ILocalEngine engine, IReadOnlyList<GenerationRequest> requests, ReplyWriter reply, IReplySink sink)
    {
        var run = new GenerationRun(engine, requests, reply, sink, time);
        if (!call.TryAttach(run)) throw new OperationCanceledException();
        var fault = await run.RunAsync();
        if (fault is null) return AttemptOutcome.Completed;
        // The engine knows prompts only; what a caller calls them depends on what was asked.
        var param = fault.Param is "messages" or "prompt" ? (call.Kind == InferenceKind.Chat ? "messages" : "prompt") : fault.Param;
        return Refusals.Of(fault with { Param = param }, sink.IsCommitted);
    }

    private static GenerationRequest Common(GenerationFields fields, LoadedModel loaded)
    {
        foreach (var (token, _) in fields.Sampling.LogitBias)
        {
            if (token >= loaded.VocabularySize)
                throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'logit_bias' names the token {token}; this model's tokens go from 0 to {loaded.VocabularySize - 1}.", "logit_bias");
        }
        return new GenerationRequest { MaxTokens = fields.MaxTokens, Sampling = fields.Sampling, TopLogProbs = fields.TopLogProbs, IgnoreEnd = fields.IgnoreEnd };
    }

    private static IEnumerable<GenerationRequest> Answers(GenerationRequest request, GenerationFields fields) =>
        Enumerable.Range(0, fields.Answers).Select(i => request with { Sampling = request.Sampling with { Seed = fields.SeedOf(i) } });

    private static IReadOnlyList<string> Joined(IReadOnlyList<string> own, IReadOnlyList<string> asked)
    {
        if (asked.Count == 0) return own;
        IReadOnlyList<string> all = [.. own.Union(asked)];
        return all.Count <= GenerationRequest.MaxStops ? all : throw new InvalidRequestException(
            InvalidRequestException.InvalidValue, $"'stop' holds more texts than there is room for beside the model's own: up to {GenerationRequest.MaxStops - own.Count}.", "stop");
    }

    private static void CheckTokens(int[]? tokens, LoadedModel loaded, string param)
    {
        if (tokens is null) return;
        foreach (var token in tokens)
        {
            if (token >= loaded.VocabularySize)
                throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'{param}' holds the token {token}; this model's tokens go from 0 to {loaded.VocabularySize - 1}.", param);
        }
    }

    private ReplyIdentity Identify(BackendCall call, string prefix, LoadedModel loaded) =>
        new(prefix + call.RequestId, model, time.GetUtcNow().ToUnixTimeSeconds(), "mycel-llama-" + loaded.LibraryVersion);

    private InvalidRequestException WrongKind(string what) => new(InvalidRequestException.InvalidValue, $"The model '{model}' {what}.", "model");

    /// <summary>Carries a call while no generation does.</summary>
    private sealed class CallEnding : IDisposable
    {
        // Never disposed of, which it needs not be without a timer: a call may be ended at any time, also after this was of use.
        private readonly CancellationTokenSource _source = new();

        public CancellationToken Token => _source.Token;

        // Not on the thread that ends the call: what waits may have much to do.
        public void Dispose() => _ = _source.CancelAsync();
    }
}
