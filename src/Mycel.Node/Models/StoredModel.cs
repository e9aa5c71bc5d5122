using Mycel.Llama.Gguf;

namespace Mycel.Node.Models;

/// <summary>A model file, and what is known of it.</summary>
/// <param name="Name">Its name in the models folder, or the file's elsewhere.</param>
/// <param name="Path">Full path.</param>
/// <param name="FileBytes">Its size.</param>
internal sealed record StoredModel(string Name, string Path, long FileBytes)
{
    /// <summary>What the file says of itself; null where it cannot be read.</summary>
    public ModelFacts? Facts { get; init; }

    /// <summary>Why it cannot be read, or served; null where it can.</summary>
    public string? Problem { get; init; }

    /// <summary>Where it was pulled from; null for a file that came otherwise.</summary>
    public ModelNote? Note { get; init; }
}
