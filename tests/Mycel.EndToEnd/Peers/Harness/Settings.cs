using System.Globalization;

namespace Mycel.EndToEnd.Peers.Harness;

/// <summary>How long or how much a test does, by environment variables: little by default, as CI has it.</summary>
internal static class Settings
{
    public static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
