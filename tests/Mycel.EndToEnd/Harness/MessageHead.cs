using System.Text;

namespace Mycel.EndToEnd.Harness;

/// <summary>The first line and the header fields of a message, as they stood on the wire.</summary>
internal sealed class MessageHead
{
    public MessageHead(byte[] bytes)
    {
        Bytes = bytes;
        var lines = Encoding.Latin1.GetString(bytes).Split("\r\n");
        StartLine = lines[0];
        Fields = lines.Skip(1).Where(line => line.Length > 0).Select(line =>
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            Assert.True(colon > 0, $"'{line}' is no header field.");
            return (line[..colon], line[(colon + 1)..].Trim());
        }).ToList();
    }

    /// <summary>As received, with the empty line.</summary>
    public byte[] Bytes { get; }

    public string StartLine { get; }

    /// <summary>In order; a name may come more than once.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; }

    /// <summary>Status code, for a reply's head.</summary>
    public int Status => int.Parse(StartLine.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The field's value, or null; fails the test where the field came twice.</summary>
    public string? this[string name]
    {
        get
        {
            var values = Fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList();
            Assert.True(values.Count <= 1, $"{name} came {values.Count} times.");
            return values.Count == 0 ? null : values[0].Value;
        }
    }

    public bool Has(string name) => Fields.Any(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public bool IsChunked => this["Transfer-Encoding"]?.Contains("chunked", StringComparison.OrdinalIgnoreCase) == true;
}
