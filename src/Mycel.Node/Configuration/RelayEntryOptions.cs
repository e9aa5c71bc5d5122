namespace Mycel.Node.Configuration;

/// <summary>One relay device: an OpenAI-compatible server whose models this node serves on.</summary>
public sealed record RelayEntryOptions
{
    /// <summary>Base address, http or https, with or without a path; a trailing <c>/v1</c> is dropped.</summary>
    public required string Url { get; init; }

    /// <summary>Short name, [a-z0-9._-]{1,64}. Default: the host, with the port where that is needed to tell devices apart.</summary>
    public string? Name { get; init; }

    /// <summary>Where the device's API key is: <c>secret:NAME</c> (secret store) or <c>env:NAME</c>. Never the key itself. Default none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Requests in flight on the device at once, 1–10,000. Default <see cref="RelayOptions.MaxConcurrent"/>.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>Where the entry came from: <c>flag</c>, <c>env</c>, <c>file</c> or <c>api</c>.</summary>
    public string Source { get; init; } = "file";
}
