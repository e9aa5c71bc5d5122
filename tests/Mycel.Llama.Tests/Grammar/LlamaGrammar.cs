using Mycel.Llama.Engine;
using Mycel.Llama.Native;
using Mycel.Llama.Tests.Engine;

namespace Mycel.Llama.Tests.Grammar;

/// <summary>llama.cpp's own word on grammars, by the vocabulary of the model that comes with the project.</summary>
internal static class LlamaGrammar
{
    private static readonly Lazy<LlamaModel> Model = new(() =>
    {
        LlamaRuntime.Load(TestModels.Libraries);
        return LlamaModel.Load(TestModels.Tiny, gpuLayers: 0, progress: null);
    });

    public static bool CanParse(string grammar)
    {
        using GrammarConstraint? constraint = GrammarConstraint.Parse(Model.Value, grammar);
        return constraint is not null;
    }

    /// <summary>Whether a text, token by token, follows a grammar and may end there.</summary>
    public static bool Accepts(string grammar, string text)
    {
        using GrammarConstraint? constraint = GrammarConstraint.Parse(Model.Value, grammar);
        Assert.True(constraint is not null, $"llama.cpp cannot read\n{grammar}");
        int end = Enumerable.Range(0, Model.Value.VocabularySize).First(Model.Value.IsEnd);
        return Model.Value.Tokenize(text, addSpecial: false, parseSpecial: false).All(constraint.TryAccept) && constraint.Allows(end);
    }
}
