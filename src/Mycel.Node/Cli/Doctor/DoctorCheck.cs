namespace Mycel.Node.Cli.Doctor;

/// <summary>How a check came out.</summary>
internal enum DoctorStatus
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>It works, and something should be looked at.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failed,

    /// <summary>It could not be looked at, because something before it is missing.</summary>
    Skipped,
}

/// <summary>One thing looked at.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Status">How it came out.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">What to do, or null when nothing is to be done.</param>
internal sealed record DoctorCheck(string Name, DoctorStatus Status, string Detail, string? Remedy = null)
{
    /// <summary>All is well.</summary>
    public static DoctorCheck Ok(string name, string detail) => new(name, DoctorStatus.Ok, detail);

    /// <summary>It works, and something should be looked at.</summary>
    public static DoctorCheck Warning(string name, string detail, string remedy) => new(name, DoctorStatus.Warning, detail, remedy);

    /// <summary>It does not work.</summary>
    public static DoctorCheck Failed(string name, string detail, string remedy) => new(name, DoctorStatus.Failed, detail, remedy);

    /// <summary>It could not be looked at.</summary>
    public static DoctorCheck Skipped(string name, string detail) => new(name, DoctorStatus.Skipped, detail);
}

/// <summary>All checks together, for <c>--json</c>.</summary>
internal sealed class DoctorReport
{
    /// <summary>Whether no check failed.</summary>
    public required bool Ok { get; init; }

    /// <summary>The checks.</summary>
    public required IReadOnlyList<Entry> Checks { get; init; }

    /// <summary>One check.</summary>
    internal sealed record Entry(string Name, string Status, string Detail, string? Remedy);
}
