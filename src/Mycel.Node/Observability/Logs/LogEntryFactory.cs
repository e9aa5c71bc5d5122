using System.Globalization;
using Mycel.Node.Configuration;

namespace Mycel.Node.Observability.Logs;

/// <summary>Makes entries of what loggers are given: fixes values, names, lengths, and blanks out what looks like a key.</summary>
internal static class LogEntryFactory
{
    /// <summary>Longest message, in characters; the rest is cut off.</summary>
    public const int MaxMessageLength = 4_096;

    /// <summary>Longest text of a field, in characters.</summary>
    public const int MaxFieldLength = 1_024;

    /// <summary>Longest text of an exception, in characters.</summary>
    public const int MaxExceptionLength = 16_384;

    /// <summary>Fields of an entry at most.</summary>
    public const int MaxFields = 32;

    private const string TemplateField = "{OriginalFormat}";

    private static readonly string[] OwnFields = ["ts", "level", "category", "event", "message", "exception"];

    /// <summary>The entry for one call of a logger.</summary>
    public static LogEntry Create<TState>(
        DateTimeOffset timestamp, LogLevel level, string category, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => new()
        {
            Timestamp = timestamp,
            Level = level,
            Category = category,
            Event = string.IsNullOrEmpty(eventId.Name) ? null : SnakeCase.Of(EventNameOf(eventId.Name)),
            Message = Clean(formatter(state, exception), MaxMessageLength),
            Fields = state is IReadOnlyList<KeyValuePair<string, object?>> values ? FieldsOf(values) : [],
            Exception = exception is null ? null : Clean(exception.ToString(), MaxExceptionLength),
        };

    private static List<KeyValuePair<string, object?>> FieldsOf(IReadOnlyList<KeyValuePair<string, object?>> values)
    {
        var fields = new List<KeyValuePair<string, object?>>(values.Count);
        for (var i = 0; i < values.Count && fields.Count < MaxFields; i++)
        {
            var (name, value) = values[i];
            if (name == TemplateField) continue;
            var key = SnakeCase.Of(name);
            if (Array.IndexOf(OwnFields, key) >= 0) key = "field_" + key;
            fields.Add(new KeyValuePair<string, object?>(key, Fixed(value)));
        }
        return fields;
    }

    /// <summary>Objects may change after the call, and may be large; numbers and text stay as they are.</summary>
    private static object? Fixed(object? value) => value switch
    {
        null or bool or long => value,
        int or short or sbyte or byte or ushort or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        double number => double.IsFinite(number) ? number : number.ToString(CultureInfo.InvariantCulture),
        float number => Fixed((double)number),
        IFormattable formattable => Clean(formattable.ToString(null, CultureInfo.InvariantCulture), MaxFieldLength),
        _ => Clean(value.ToString() ?? "", MaxFieldLength),
    };

    private static string Clean(string text, int maxLength)
    {
        // Cut after the guard has looked: half a key would not be recognised.
        text = SecretRedactor.Redact(text);
        return text.Length <= maxLength ? text : text[..(maxLength - 1)] + "…";
    }

    /// <summary>The event of a log method: LogReady tells of the event "ready".</summary>
    private static string EventNameOf(string method) => method.Length > 3 && method.StartsWith("Log", StringComparison.Ordinal) && char.IsAsciiLetterUpper(method[3]) ? method[3..] : method;
}
