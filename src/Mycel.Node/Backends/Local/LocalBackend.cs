using System.Globalization;
using Mycel.Llama;
using Mycel.Llama.Chat;
using Mycel.Node.Backends.Local.OpenAi;

namespace Mycel.Node.Backends.Local;

/// <summary>A model that this node computes itself, asked like any other server.</summary>
internal sealed class LocalBackend : Backend
{
    private readonly LocalAttempt _attempt;
    private int _maxConcurrent;

    /// <param name="name">The name that requests ask for.</param>
    /// <param name="slots">Requests in flight at once, until <see cref="SetMaxConcurrent"/> says otherwise.</param>
    /// <param name="source">Where its engine comes from.</param>
    /// <param name="time">The clock.</param>
    /// <param name="allowsGrammar">Whether callers may send grammars of their own (<c>engine.grammar</c>), asked at each request; null for no.</param>
    /// <param name="newRenderer">Makes what turns chats into prompts.</param>
    public LocalBackend(string name, int slots, IEngineSource source, TimeProvider time, Func<bool>? allowsGrammar = null, Func<LoadedModel, IChatRenderer>? newRenderer = null)
        : base("local:" + name, time)
    {
        Name = name;
        _maxConcurrent = slots;
        _attempt = new LocalAttempt(name, source, new ChatRenderers(newRenderer ?? (model => ChatFormat.For(model, time: time))), allowsGrammar ?? (static () => false), time);
    }

    /// <summary>The name that requests ask for.</summary>
    public string Name { get; }

    /// <summary>The model's quality, one of <see cref="Llama.Gguf.ModelTier"/>; null until it is loaded, and where it is not known.</summary>
    public string? Tier { get; set; }

    public override int MaxConcurrent => Volatile.Read(ref _maxConcurrent);

    /// <summary>Its engine is watched by what keeps it, whose word ends a request at once: a long prompt, a model being loaded or a place in
    /// the engine's line may be silent for longer than any device.</summary>
    public override bool MayBeSilent => true;

    /// <summary>Changes the bound on requests in flight, as when a model was loaded with other slots than were expected.</summary>
    public void SetMaxConcurrent(int value) => Volatile.Write(ref _maxConcurrent, value);

    public override async ValueTask<AttemptOutcome> AttemptAsync(BackendCall call, Offer offer, IReplySink sink)
    {
        // Reading a request and rendering its template takes longer than the threads that serve the sockets may be kept.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var outcome = await _attempt.RunAsync(call, sink);
        switch (outcome.Kind)
        {
            case AttemptKind.Completed or AttemptKind.Rejected:
                Health.RecordSuccess();
                break;
            case AttemptKind.Refused when outcome.Refusal!.Status == StatusCodes.Status429TooManyRequests:
                Health.RecordBusy(int.TryParse(outcome.Refusal.RetryAfter, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null);
                break;
            case AttemptKind.Refused or AttemptKind.Broken:
                Health.RecordFailure(outcome.Refusal!.Message);
                break;
        }
        return outcome;
    }

    /// <summary>A model that is not loaded, or still being loaded, is there; one whose engine has ended under a request is not.</summary>
    protected override Task<bool> LookAsync() => Task.FromResult(!_attempt.HasLostEngine);
}
