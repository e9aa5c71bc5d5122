using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Keeps what makes prompts for the engine in use: making it means reading the model's template.</summary>
/// <param name="make">Makes one for a loaded model.</param>
internal sealed class ChatRenderers(Func<LoadedModel, IChatRenderer> make)
{
    private volatile Entry? _latest;

    private sealed record Entry(LoadedModel Model, IChatRenderer Renderer);

    /// <exception cref="ChatException">The model has no template that can be used.</exception>
    public IChatRenderer For(LoadedModel model)
    {
        var latest = _latest;
        // Two requests may make it at once, once a load; either is good.
        if (latest is null || !ReferenceEquals(latest.Model, model)) _latest = latest = new Entry(model, make(model));
        return latest.Renderer;
    }
}
