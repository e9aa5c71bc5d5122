namespace Mycel.Node.Configuration;

/// <summary>Where a setting's value came from, weakest first.</summary>
public enum SettingSource
{
    /// <summary>Nobody set it.</summary>
    Default,

    /// <summary>The configuration file.</summary>
    File,

    /// <summary>An environment variable.</summary>
    Environment,

    /// <summary>A flag on the command line.</summary>
    Flag,
}
