namespace Mycel.Node.Configuration;

/// <summary>A setting that was changed and takes effect only after a restart.</summary>
/// <param name="Key">Its key.</param>
/// <param name="From">The value in force.</param>
/// <param name="To">The value the next start will have.</param>
public sealed record RestartRequired(string Key, string From, string To);
