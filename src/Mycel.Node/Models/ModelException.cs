namespace Mycel.Node.Models;

/// <summary>Something about a model cannot be done; the message says why and what to do.</summary>
/// <param name="status">HTTP status for a caller.</param>
/// <param name="code">Error code for a caller, such as <c>model_not_found</c>.</param>
/// <param name="message">For people.</param>
/// <param name="inner">What it came from.</param>
internal sealed class ModelException(int status, string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>HTTP status for a caller.</summary>
    public int Status { get; } = status;

    /// <summary>Error code for a caller.</summary>
    public string Code { get; } = code;

    /// <summary>Seconds after which trying again makes sense; null where it does not by itself.</summary>
    public int? RetryAfterSeconds { get; init; }

    /// <summary>A model that is not there.</summary>
    public static ModelException NotFound(string message) => new(404, "model_not_found", message);

    /// <summary>What was asked for makes no sense.</summary>
    public static ModelException Invalid(string message) => new(400, "invalid_value", message);
}
