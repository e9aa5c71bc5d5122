using System.Reflection;

namespace Mycel.Node.Cli;

/// <summary>The version of this program as people see it.</summary>
internal static class VersionText
{
    /// <summary>Such as <c>0.1.0</c>.</summary>
    public static string Short { get; } = Find();

    private static string Find()
    {
        string full = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        int build = full.IndexOf('+', StringComparison.Ordinal);
        return build < 0 ? full : full[..build];
    }
}
