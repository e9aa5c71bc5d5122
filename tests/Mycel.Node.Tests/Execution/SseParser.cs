using System.Text;

namespace Mycel.Node.Tests.Execution;

/// <summary>Reads an event stream as the HTML standard says, to see what a client would.</summary>
internal static class SseParser
{
    internal sealed record SentEvent(string Name, string Data);

    public static List<SentEvent> Parse(ReadOnlySpan<byte> stream)
    {
        var events = new List<SentEvent>();
        var name = "";
        var data = new List<string>();
        var text = Encoding.UTF8.GetString(stream).Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lines = text.Split('\n');
        // What follows the last line's end is no line yet.
        foreach (var line in lines[..^1])
        {
            if (line.Length == 0)
            {
                if (data.Count > 0) events.Add(new SentEvent(name, string.Join('\n', data)));
                name = "";
                data.Clear();
                continue;
            }
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var field = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            if (value.StartsWith(' ')) value = value[1..];
            if (field == "data") data.Add(value);
            else if (field == "event") name = value;
        }
        return events;
    }
}
