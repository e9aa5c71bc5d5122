namespace Mycel.Node.Models.Pulling;

/// <summary>What downloads work with.</summary>
internal sealed record PullTools
{
    /// <summary>The models folder.</summary>
    public required ModelStore Store { get; init; }

    /// <summary>Whether private addresses are allowed now.</summary>
    public required Func<bool> AllowPrivate { get; init; }

    /// <summary>The hub.</summary>
    public required HubSettings Hub { get; init; }

    /// <summary>Makes connections.</summary>
    public PullHttp Http { get; init; } = new();

    /// <summary>Bounds of time.</summary>
    public PullLimits Limits { get; init; } = new();

    /// <summary>Bytes free on the disk of a folder.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
