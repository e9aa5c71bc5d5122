namespace Mycel.Node.Settlement;

/// <summary>What became of one request; never what it said.</summary>
/// <param name="Id">Request id.</param>
/// <param name="Model">Model asked for.</param>
/// <param name="Route">Route that answered or failed last, or null.</param>
/// <param name="Status">HTTP status; 499 where the caller hung up, 599 where the reply broke off.</param>
/// <param name="State"><c>queued</c>, <c>waiting</c>, <c>streaming</c> or <c>done</c>.</param>
/// <param name="Attempts">Backends asked.</param>
/// <param name="StartedAt">When it came.</param>
/// <param name="QueueMs">Milliseconds waiting for a slot.</param>
/// <param name="TtftMs">Milliseconds to the first output, or null.</param>
/// <param name="DurationMs">Milliseconds in all.</param>
/// <param name="PromptTokens">Tokens read, or null where the backend did not say.</param>
/// <param name="CompletionTokens">Tokens written, or null where the backend did not say.</param>
/// <param name="Error">What went wrong, or null.</param>
/// <param name="IsModelKnown">Whether such a model was here or was known of; where not, the name is no more than the caller's text.</param>
internal sealed record RouteRecord(
    string Id, string Model, string? Route, int Status, string State, int Attempts, DateTimeOffset StartedAt, double QueueMs, double? TtftMs,
    double DurationMs, long? PromptTokens, long? CompletionTokens, string? Error, bool IsModelKnown = true);
