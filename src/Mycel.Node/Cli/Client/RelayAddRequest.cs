namespace Mycel.Node.Cli.Client;

/// <summary>Asks the node to use another device.</summary>
internal sealed class RelayAddRequest
{
    /// <summary>Base address.</summary>
    public required string Url { get; init; }

    /// <summary>Short name, or null for the host.</summary>
    public string? Name { get; init; }

    /// <summary>The key, or where it is kept.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Requests at once, or null for the configured number.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>Whether to add a device that does not answer.</summary>
    public bool? Force { get; init; }
}

/// <summary>Names a device by address or name.</summary>
internal sealed class RelaySelector
{
    /// <summary>Base address.</summary>
    public string? Url { get; init; }

    /// <summary>Short name.</summary>
    public string? Name { get; init; }

    /// <summary>Takes whatever a person gave: an address has a scheme, a name has none.</summary>
    public static RelaySelector Of(string text) => text.Contains("://", StringComparison.Ordinal) ? new() { Url = text } : new() { Name = text };
}
