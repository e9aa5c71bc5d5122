using Mycel.Llama;
using Mycel.Llama.Chat;

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

    /// <summary>Makes one by the model's own template, or by the one in a file.</summary>
    /// <exception cref="ChatException">The file cannot be read, or the template in it.</exception>
    public static IChatRenderer Make(LoadedModel model, string? templateFile, TimeProvider time)
    {
        try
        {
            return ChatFormat.For(model, templateFile is null ? null : File.ReadAllText(templateFile), time);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ChatException($"The chat template '{templateFile}' cannot be read: {error.Message} Mend 'template' of the model's entry in 'models.load'.", null, error);
        }
    }
}
