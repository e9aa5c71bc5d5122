namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A request is wrong, or asks for what the engine cannot do; answered with HTTP 400.</summary>
/// <param name="code">Error code, such as <see cref="InvalidValue"/>.</param>
/// <param name="message">What is wrong and what to do, for the caller. Holds no text of prompts.</param>
/// <param name="param">The field at fault, or null.</param>
/// <param name="inner">What it was noticed by.</param>
internal sealed class InvalidRequestException(string code, string message, string? param, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A value is outside its range.</summary>
    public const string InvalidValue = "invalid_value";

    /// <summary>A value is of the wrong type.</summary>
    public const string InvalidType = "invalid_type";

    /// <summary>A field, or a value of it, that this engine cannot honour.</summary>
    public const string Unsupported = "unsupported_parameter";

    public string Code { get; } = code;

    public string? Param { get; } = param;
}
