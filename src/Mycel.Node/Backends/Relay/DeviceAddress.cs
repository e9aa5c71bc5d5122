using System.Globalization;

namespace Mycel.Node.Backends.Relay;

/// <summary>Where a device listens, taken apart once.</summary>
internal sealed class DeviceAddress
{
    /// <param name="url">A normalised base address: http or https, no trailing slash, no <c>/v1</c>.</param>
    public DeviceAddress(string url)
    {
        var uri = new Uri(url, UriKind.Absolute);
        Url = url;
        Host = uri.IdnHost.Trim('[', ']');
        Port = uri.Port;
        IsTls = uri.Scheme == Uri.UriSchemeHttps;
        PathPrefix = uri.AbsolutePath == "/" ? "" : uri.AbsolutePath;
        var bracketed = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        HostHeader = uri.IsDefaultPort ? bracketed : string.Create(CultureInfo.InvariantCulture, $"{bracketed}:{Port}");
    }

    public string Url { get; }

    public string Host { get; }

    public int Port { get; }

    public bool IsTls { get; }

    /// <summary>Path in front of <c>/v1</c>, empty or starting with a slash.</summary>
    public string PathPrefix { get; }

    public string HostHeader { get; }
}
