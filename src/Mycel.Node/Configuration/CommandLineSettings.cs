namespace Mycel.Node.Configuration;

/// <summary>The settings given as flags; null or empty is a flag that was not given.</summary>
public sealed record CommandLineSettings
{
    /// <summary>No flags at all.</summary>
    public static CommandLineSettings None { get; } = new();

    /// <summary><c>--relay URL</c>, once for each device.</summary>
    public IReadOnlyList<string> Relays { get; init; } = [];

    /// <summary><c>--model PATH|NAME|NAME=PATH</c>, once for each model.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary><c>--demo</c>.</summary>
    public bool? Demo { get; init; }

    /// <summary><c>--host</c>.</summary>
    public string? Host { get; init; }

    /// <summary><c>--port</c>.</summary>
    public int? Port { get; init; }

    /// <summary><c>--link-port</c>.</summary>
    public int? LinkPort { get; init; }

    /// <summary><c>--link-address HOST:PORT</c>, once for each address.</summary>
    public IReadOnlyList<string> LinkAddresses { get; init; } = [];

    /// <summary><c>--no-lan</c>.</summary>
    public bool? NoLan { get; init; }

    /// <summary><c>--no-dht</c>.</summary>
    public bool? NoDht { get; init; }

    /// <summary><c>--config FILE</c>.</summary>
    public string? ConfigFile { get; init; }

    /// <summary><c>--data-dir</c>.</summary>
    public string? DataDir { get; init; }

    /// <summary><c>--open</c>.</summary>
    public bool? Open { get; init; }

    /// <summary><c>--log-level</c>.</summary>
    public string? LogLevel { get; init; }
}
