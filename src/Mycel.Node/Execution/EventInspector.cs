using System.Text.Json;
using Mycel.Node.Settlement;

namespace Mycel.Node.Execution;

/// <summary>What the data of one server-sent event says.</summary>
internal enum EventMeaning
{
    /// <summary>No output yet: a role, an empty delta, a progress note.</summary>
    Preamble,

    /// <summary>Some of the model's output, or its end.</summary>
    Output,

    /// <summary>An error instead of output.</summary>
    Error,

    /// <summary>Not JSON at all.</summary>
    Garbage,
}

/// <summary>Reads single events of OpenAI's streams.</summary>
internal static class EventInspector
{
    private const int MaxErrorLength = 300;

    /// <summary>Whether an event carries output. Anything in a delta but its role counts, so that fields yet to be invented do too.</summary>
    public static EventMeaning Judge(ReadOnlySpan<byte> json, out string? error)
    {
        error = null;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return EventMeaning.Garbage;
            var meaning = EventMeaning.Preamble;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("choices"u8))
                {
                    reader.Read();
                    if (HasOutput(ref reader)) meaning = EventMeaning.Output;
                }
                else if (reader.ValueTextEquals("error"u8))
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.Null) continue;
                    error = ErrorMessage(ref reader);
                    meaning = EventMeaning.Error;
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            return meaning;
        }
        catch (Exception broken) when (IsBrokenText(broken))
        {
            return EventMeaning.Garbage;
        }
    }

    /// <summary>Reads the usage of an event, and whether the event holds nothing else.</summary>
    public static TokenUsage? ReadUsage(ReadOnlySpan<byte> json, out bool isUsageOnly)
    {
        isUsageOnly = false;
        TokenUsage? usage = null;
        var anyChoice = false;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isUsage = reader.ValueTextEquals("usage"u8);
                var isChoices = !isUsage && reader.ValueTextEquals("choices"u8);
                reader.Read();
                if (isUsage && reader.TokenType == JsonTokenType.StartObject)
                {
                    usage = TokenUsage.Read(ref reader);
                    continue;
                }
                if (isChoices && reader.TokenType == JsonTokenType.StartArray)
                {
                    var copy = reader;
                    anyChoice = copy.Read() && copy.TokenType != JsonTokenType.EndArray;
                }
                reader.Skip();
            }
        }
        catch (JsonException)
        {
            return null;
        }
        isUsageOnly = usage is not null && !anyChoice;
        return usage;
    }

    /// <summary>The message of an error: <c>{"message":…}</c> or a plain string. The reader stands on its value.</summary>
    public static string ErrorMessage(ref Utf8JsonReader reader)
    {
        var message = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isMessage = reader.ValueTextEquals("message"u8);
                reader.Read();
                if (isMessage && reader.TokenType == JsonTokenType.String) message = reader.GetString();
                reader.Skip();
            }
        }
        if (string.IsNullOrWhiteSpace(message)) return "it did not say what is wrong";
        return message.Length > MaxErrorLength ? string.Concat(message.AsSpan(0, MaxErrorLength), "…") : message;
    }

    /// <summary>Whether a document is nothing but an error, and what that says.</summary>
    public static bool IsErrorDocument(ReadOnlySpan<byte> json, out string message)
    {
        message = "";
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName) return false;
            if (!reader.ValueTextEquals("error"u8) || !reader.Read() || reader.TokenType == JsonTokenType.Null) return false;
            message = ErrorMessage(ref reader);
            return true;
        }
        catch (Exception broken) when (IsBrokenText(broken))
        {
            return false;
        }
    }

    /// <summary>No JSON, or a string in it that is no Unicode text.</summary>
    private static bool IsBrokenText(Exception error) => error is JsonException or InvalidOperationException;

    /// <summary>Whether a text is one JSON document from its start to its end.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 256 });
            while (reader.Read())
            {
            }
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool HasOutput(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }
        var any = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isDelta = reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8);
                var isOutput = reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("finish_reason"u8);
                reader.Read();
                if (isDelta && reader.TokenType == JsonTokenType.StartObject) any |= DeltaHasOutput(ref reader);
                else if (isOutput) any |= IsSomething(ref reader);
                else reader.Skip();
            }
        }
        return any;
    }

    private static bool DeltaHasOutput(ref Utf8JsonReader reader)
    {
        var any = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            if (isRole) reader.Skip();
            else any |= IsSomething(ref reader);
        }
        return any;
    }

    /// <summary>Whether a value says anything; the reader is left on its end.</summary>
    private static bool IsSomething(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return false;
            case JsonTokenType.String:
                return !reader.ValueSpan.IsEmpty;
            case JsonTokenType.StartArray or JsonTokenType.StartObject:
                var copy = reader;
                var any = copy.Read() && copy.TokenType is not (JsonTokenType.EndArray or JsonTokenType.EndObject);
                reader.Skip();
                return any;
            default:
                return true;
        }
    }
}
