namespace Mycel.Node.Backends;

/// <summary>The OpenAI request a call is.</summary>
internal enum InferenceKind
{
    /// <summary><c>/v1/chat/completions</c></summary>
    Chat,

    /// <summary><c>/v1/completions</c></summary>
    Completion,

    /// <summary><c>/v1/embeddings</c></summary>
    Embedding,
}

internal static class InferenceKindExtensions
{
    /// <summary>The path of the request, from <c>/v1</c> on.</summary>
    public static string Path(this InferenceKind kind) => kind switch
    {
        InferenceKind.Chat => "/v1/chat/completions",
        InferenceKind.Completion => "/v1/completions",
        _ => "/v1/embeddings",
    };
}
