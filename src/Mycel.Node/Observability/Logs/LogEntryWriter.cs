using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Mycel.Node.Observability.Logs;

/// <summary>Writes entries as lines of text or as JSON objects, in UTF-8.</summary>
internal static class LogEntryWriter
{
    private const string Reset = "\e[0m";
    private const string Dim = "\e[2m";

    // Names and paths stay readable; what HTML would need escaped is no danger in a log line.
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One line, its end included.</summary>
    public static void WriteLine(LogEntry entry, LogFormat format, IBufferWriter<byte> output)
    {
        if (format == LogFormat.Json) WriteJson(entry, output);
        else Encoding.UTF8.GetBytes(TextOf(entry, format == LogFormat.ColoredText), output);
        output.Write("\n"u8);
    }

    /// <summary>One JSON object, without line breaks.</summary>
    public static void WriteJson(LogEntry entry, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonOptions);
        WriteJson(entry, json);
    }

    /// <summary>One JSON object.</summary>
    public static void WriteJson(LogEntry entry, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("ts", entry.Timestamp.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        json.WriteString("level", LogLevelText.Of(entry.Level));
        json.WriteString("category", entry.Category);
        json.WriteString("event", entry.Event);
        json.WriteString("message", entry.Message);
        foreach (var (name, value) in entry.Fields)
        {
            json.WritePropertyName(name);
            WriteValue(json, value);
        }
        if (entry.Exception is not null) json.WriteString("exception", entry.Exception);
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case long number: json.WriteNumberValue(number); break;
            case double number: json.WriteNumberValue(number); break;
            default: json.WriteStringValue((string)value); break;
        }
    }

    private static string TextOf(LogEntry entry, bool isColored)
    {
        var line = new StringBuilder();
        var time = entry.Timestamp.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        var level = LogLevelText.Of(entry.Level).PadRight(5);
        var category = entry.Category[(entry.Category.LastIndexOf('.') + 1)..];
        if (isColored) line.Append(Dim).Append(time).Append(Reset).Append(' ').Append(ColorOf(entry.Level)).Append(level).Append(Reset).Append(' ').Append(Dim);
        else line.Append(time).Append(' ').Append(level).Append(' ');
        AppendVisible(line, category).Append(':');
        if (isColored) line.Append(Reset);
        AppendVisible(line.Append(' '), entry.Message);
        foreach (var exceptionLine in (entry.Exception ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            AppendVisible(line.Append("\n    "), exceptionLine.TrimEnd());
        return line.ToString();
    }

    /// <summary>Control characters are shown, not sent: a backend's model name must not forge a line or steer a terminal.</summary>
    private static StringBuilder AppendVisible(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            if (!char.IsControl(c) && char.GetUnicodeCategory(c) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)) line.Append(c);
            else if (c == '\n') line.Append("\\n");
            else line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }
        return line;
    }

    private static string ColorOf(LogLevel level) => level switch
    {
        LogLevel.Information => "\e[32m",
        LogLevel.Warning => "\e[33m",
        LogLevel.Error or LogLevel.Critical => "\e[31m",
        _ => "\e[36m",
    };
}
