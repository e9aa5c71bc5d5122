using System.Text.Json.Nodes;

namespace Mycel.Node.Configuration;

/// <summary>A setting as in force, for people to look at.</summary>
/// <param name="Key">Its key, such as <c>api.port</c>.</param>
/// <param name="Text">The value as text; no secret.</param>
/// <param name="Json">The value as JSON; no secret.</param>
/// <param name="Origin">Where it came from.</param>
public sealed record SettingValue(string Key, string Text, JsonNode? Json, SettingOrigin Origin);
