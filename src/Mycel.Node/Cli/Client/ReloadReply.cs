namespace Mycel.Node.Cli.Client;

/// <summary>What a reload of the configuration did.</summary>
internal sealed class ReloadReply
{
    /// <summary>Keys of the settings that took effect.</summary>
    public IReadOnlyList<string> Applied { get; set; } = [];

    /// <summary>Settings that take effect only after a restart.</summary>
    public IReadOnlyList<Pending> RestartRequired { get; set; } = [];

    /// <summary>A setting that waits for a restart.</summary>
    /// <param name="Key">Its key.</param>
    /// <param name="From">The value in force.</param>
    /// <param name="To">The value to come.</param>
    internal sealed record Pending(string Key, string? From, string? To);
}
