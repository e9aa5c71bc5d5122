using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mycel.Node.Api.Admin;

/// <summary>Log entries, oldest first.</summary>
internal sealed record LogListView(IReadOnlyList<LogEntryView> Logs);

/// <summary>A log entry; further fields differ from event to event.</summary>
/// <param name="Ts">When, in UTC.</param>
/// <param name="Level">debug, info, warn or error.</param>
/// <param name="Category">The part of the program.</param>
/// <param name="Event">The event's name, or null.</param>
/// <param name="Message">The sentence for people.</param>
internal sealed record LogEntryView(DateTimeOffset Ts, string Level, string Category, string? Event, string Message)
{
    /// <summary>The event's own fields.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Fields { get; init; }
}
