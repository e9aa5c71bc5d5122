namespace Mycel.Node.Configuration;

/// <summary>A mistake in the settings, or a warning about them, told so that it can be mended.</summary>
/// <param name="Key">The setting it is about, such as <c>api.port</c> or <c>relays[2].url</c>; empty when it is about the file as a whole.</param>
/// <param name="Origin">Where it stands.</param>
/// <param name="Message">What was found and what is accepted. Never holds a secret.</param>
public sealed record ConfigurationProblem(string Key, SettingOrigin Origin, string Message)
{
    /// <summary>The whole as one line: place, key, message.</summary>
    public override string ToString() => Key.Length == 0 ? $"{Origin}: {Message}" : $"{Origin}: {Key}: {Message}";
}
