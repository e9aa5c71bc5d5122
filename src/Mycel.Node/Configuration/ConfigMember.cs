namespace Mycel.Node.Configuration;

/// <summary>A named value of a section.</summary>
/// <param name="Name">The name as written.</param>
/// <param name="Origin">Where the name stands.</param>
/// <param name="Value">What it names.</param>
internal sealed record ConfigMember(string Name, SettingOrigin Origin, ConfigNode Value);
