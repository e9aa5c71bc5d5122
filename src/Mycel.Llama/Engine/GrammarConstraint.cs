using Mycel.Llama.Native;

namespace Mycel.Llama.Engine;

/// <summary>
/// A grammar that the output of one generation must follow. llama.cpp ends the process when it is told a token that the grammar does not allow, so
/// every token is asked about before it is accepted. Used by one thread.
/// </summary>
internal sealed unsafe class GrammarConstraint : IDisposable
{
    private nint _sampler;

    private GrammarConstraint(nint sampler) => _sampler = sampler;

    /// <summary>Parses a grammar; null when llama.cpp finds it wrong.</summary>
    public static GrammarConstraint? Parse(LlamaModel model, string grammar)
    {
        fixed (byte* text = Utf8.WithZero(grammar))
        fixed (byte* root = "root\0"u8)
        {
            var sampler = NativeMethods.llama_sampler_init_grammar(model.Vocabulary, text, root);
            return sampler == 0 ? null : new GrammarConstraint(sampler);
        }
    }

    /// <summary>Whether a token may come next.</summary>
    public bool Allows(int token)
    {
        NativeCandidate one = new() { Token = token, Logit = 1 };
        Mask(new Span<NativeCandidate>(ref one));
        return !float.IsNegativeInfinity(one.Logit);
    }

    /// <summary>Sets the logits of those that may not come next to negative infinity.</summary>
    public void Mask(Span<NativeCandidate> candidates)
    {
        fixed (NativeCandidate* data = candidates)
        {
            NativeCandidates all = new() { Data = data, Count = (nuint)candidates.Length, Selected = -1 };
            NativeMethods.llama_sampler_apply(_sampler, &all);
        }
    }

    /// <summary>Takes note of a token where it is allowed.</summary>
    /// <returns>False when it is not; nothing was changed.</returns>
    public bool TryAccept(int token)
    {
        if (!Allows(token)) return false;
        NativeMethods.llama_sampler_accept(_sampler, token);
        return true;
    }

    public void Dispose()
    {
        if (_sampler != 0) NativeMethods.llama_sampler_free(_sampler);
        _sampler = 0;
    }
}
