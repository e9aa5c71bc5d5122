namespace Mycel.Node.Configuration;

/// <summary>What a reload did, as the reply says it.</summary>
/// <param name="Applied">Keys whose new value is in force.</param>
/// <param name="RestartRequired">Settings whose old value stays until a restart.</param>
internal sealed record ReloadView(IReadOnlyList<string> Applied, IReadOnlyList<RestartRequired> RestartRequired);
