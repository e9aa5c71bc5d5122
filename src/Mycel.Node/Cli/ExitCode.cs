namespace Mycel.Node.Cli;

/// <summary>Exit codes of <c>mycel</c>; part of its interface.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>The command failed; the reason is on standard error.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the configuration is wrong.</summary>
    public const int Usage = 2;

    /// <summary>No node is running where one is needed.</summary>
    public const int NotRunning = 3;

    /// <summary>The node refused the caller: a key is missing or may not do this.</summary>
    public const int Refused = 4;
}
