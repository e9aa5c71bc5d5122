namespace Mycel.Node.Api.Live;

/// <summary>One part of what a watcher is shown.</summary>
/// <param name="Name">The event's name.</param>
/// <param name="Every">Looked at every so many ticks of <see cref="LiveFeed.Tick"/>; 1 for each.</param>
/// <param name="ReadAsync">Its JSON as it is now, in UTF-8 and without a line break.</param>
internal sealed record LiveSection(string Name, int Every, Func<CancellationToken, ValueTask<byte[]>> ReadAsync);
