namespace Mycel.Llama.Templates;

/// <summary>A chat template is wrong, asks for what is not supported, refused the conversation, or does too much work.</summary>
/// <param name="message">One sentence.</param>
/// <param name="line">Line of the template, from 1; 0 where unknown.</param>
/// <param name="isRefusal">Whether the template itself refused, by <c>raise_exception</c>; the message is then the template's own.</param>
public sealed class TemplateException(string message, int line = 0, bool isRefusal = false) : Exception(message)
{
    /// <summary>Line of the template, from 1; 0 where unknown.</summary>
    public int Line { get; } = line;

    /// <summary>Whether the template itself refused what it was given.</summary>
    public bool IsRefusal { get; } = isRefusal;
}
