using System.Text.Json;
using Mycel.Node.Backends;

namespace Mycel.Node.Execution;

/// <summary>What is wrong with a request body.</summary>
/// <param name="Code">Error code.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Param">The field at fault, or null.</param>
internal sealed record RequestFault(string Code, string Message, string? Param);

/// <summary>
/// Reads a request body once, from end to end: it must be JSON, and the few fields that decide its way must be of the right
/// type. Everything else is the backend's to judge.
/// </summary>
internal static class RequestScanner
{
    /// <summary>Deepest nesting accepted.</summary>
    public const int MaxDepth = 256;

    /// <summary>Longest model name accepted, in UTF-8 bytes.</summary>
    public const int MaxModelBytes = 1024;

    private static readonly string[] Names = ["model", "stream", "stream_options", "messages", "prompt", "input"];

    /// <summary>Most bytes of a name of ours, each of its characters written as an escape.</summary>
    private const int MaxNameBytes = 6 * 21;

    /// <summary>Fields that bound an answer's length, by some device or other.</summary>
    private static readonly byte[][] LengthNames = ["max_tokens"u8.ToArray(), "max_completion_tokens"u8.ToArray()];

    /// <summary>Fields by which some devices let an answer be longer than <see cref="LengthNames"/> say.</summary>
    private static readonly byte[][] LooseningNames = ["n_predict"u8.ToArray(), "num_predict"u8.ToArray(), "options"u8.ToArray()];

    /// <summary>Fields that ask for several answers.</summary>
    private static readonly byte[][] ChoiceNames = ["n"u8.ToArray(), "best_of"u8.ToArray(), "n_cmpl"u8.ToArray()];

    /// <summary>What one pass over the body found.</summary>
    private struct Findings
    {
        public Range Model;
        public bool HasModel;
        public bool HasInput;
        public bool IsStream;
        public bool AsksUsage;
        public long MaxTokens;
        public bool IsUnbounded;
        public long Choices;
        public long Prompts;
        public RequestDocument.Splice? Splice;
        public RequestFault? Fault;
    }

    /// <summary>Scans a body.</summary>
    /// <param name="kind">The kind of request, which decides what must be there.</param>
    /// <param name="body">The whole body.</param>
    /// <param name="fault">What is wrong, when null is returned.</param>
    public static RequestDocument? Scan(InferenceKind kind, ReadOnlyMemory<byte> body, out RequestFault? fault)
    {
        try
        {
            if (!System.Text.Unicode.Utf8.IsValid(body.Span))
            {
                fault = new RequestFault("invalid_json", "The request body is not valid UTF-8, which JSON must be.", null);
                return null;
            }
            var findings = Read(kind, body.Span);
            fault = findings.Fault ?? Missing(kind, findings);
            if (fault is not null) return null;
            var splices = kind != InferenceKind.Embedding && findings.IsStream && !findings.AsksUsage;
            return new RequestDocument
            {
                Body = body,
                Model = findings.Model,
                IsStream = findings.IsStream,
                AsksUsage = findings.AsksUsage,
                UsageSplice = splices ? findings.Splice : null,
                MaxTokens = findings.MaxTokens > 0 && !findings.IsUnbounded ? findings.MaxTokens : null,
                Choices = Math.Max(1, findings.Choices) * Math.Max(1, findings.Prompts),
            };
        }
        catch (JsonException error)
        {
            var where = error.BytePositionInLine is { } column ? $" at line {error.LineNumber + 1}, byte {column + 1}" : "";
            fault = new RequestFault("invalid_json", body.IsEmpty ? "The request has no body; send a JSON object." : $"The request body is not valid JSON{where}.", null);
            return null;
        }
        catch (InvalidOperationException)
        {
            // What the reader throws where an escaped name holds half of a surrogate pair.
            fault = new RequestFault("invalid_json", "The request has a field whose name is no Unicode text: an escape such as \\ud83d lacks its second half.", null);
            return null;
        }
    }

    private static RequestFault? Missing(InferenceKind kind, in Findings findings)
    {
        if (!findings.HasModel) return new RequestFault("missing_model", "The request names no model. Set 'model' to one of those that GET /v1/models lists.", "model");
        if (findings.HasInput) return null;
        var name = InputName(kind);
        return new RequestFault("missing_required_parameter", $"The request has no '{name}'.", name);
    }

    private static string InputName(InferenceKind kind) => kind switch { InferenceKind.Chat => "messages", InferenceKind.Completion => "prompt", _ => "input" };

    private static Findings Read(InferenceKind kind, ReadOnlySpan<byte> body)
    {
        var findings = new Findings();
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            findings.Fault = new RequestFault("invalid_json", "The request body must be a JSON object.", null);
            reader.Skip();
            return findings;
        }
        findings.Splice = RequestDocument.AddOptions((int)reader.BytesConsumed);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (NameLength(ref reader))
            {
                case 5 when reader.ValueTextEquals("model"u8):
                    ReadModel(ref reader, ref findings);
                    break;
                case 6 when reader.ValueTextEquals("stream"u8):
                    reader.Read();
                    findings.IsStream = reader.TokenType == JsonTokenType.True;
                    if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) Wrong(ref findings, "stream", "a boolean");
                    break;
                case 14 when reader.ValueTextEquals("stream_options"u8):
                    ReadStreamOptions(ref reader, ref findings);
                    break;
                case 8 when kind == InferenceKind.Chat && reader.ValueTextEquals("messages"u8):
                    reader.Read();
                    if (reader.TokenType != JsonTokenType.StartArray) Wrong(ref findings, "messages", "an array");
                    findings.HasInput = true;
                    break;
                case 6 when kind == InferenceKind.Completion && reader.ValueTextEquals("prompt"u8):
                case 5 when kind == InferenceKind.Embedding && reader.ValueTextEquals("input"u8):
                    reader.Read();
                    if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.StartArray or JsonTokenType.Null)) Wrong(ref findings, InputName(kind), "a string or an array");
                    findings.HasInput = reader.TokenType != JsonTokenType.Null || kind == InferenceKind.Completion;
                    if (reader.TokenType == JsonTokenType.StartArray) findings.Prompts = Math.Max(findings.Prompts, CountPrompts(ref reader));
                    break;
                default:
                    ReadBound(ref reader, ref findings);
                    break;
            }
            reader.Skip();
        }
        // Whatever follows the object must be white space; the reader throws where it is not.
        reader.Read();
        return findings;
    }

    /// <summary>
    /// Reads what bounds the cost of a request, whatever device gets it in the end: what is not plain to all devices bounds nothing. What stands twice counts
    /// with its larger value, whichever the device takes; and some read names in any case.
    /// </summary>
    private static void ReadBound(ref Utf8JsonReader reader, ref Findings findings)
    {
        Span<byte> buffer = stackalloc byte[MaxNameBytes];
        var name = reader.ValueSpan.Length <= MaxNameBytes ? buffer[..reader.CopyString(buffer)] : [];
        var (isLength, isChoice) = (IsAmong(LengthNames, name), IsAmong(ChoiceNames, name));
        if (IsAmong(LooseningNames, name)) findings.IsUnbounded = true;
        reader.Read();
        if (!isLength && !isChoice) return;
        var count = 0L;
        var isCount = reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out count) && count > 0;
        var bounded = isCount ? Math.Min(count, RequestDocument.MaxCount) : 0;
        if (isLength)
        {
            findings.MaxTokens = Math.Max(findings.MaxTokens, bounded);
            // A fraction, a text, -1 and null are bounds to some devices and none to others.
            findings.IsUnbounded |= !isCount;
        }
        else findings.Choices = Math.Max(findings.Choices, isCount ? bounded : reader.TokenType == JsonTokenType.Null ? 0 : RequestDocument.MaxCount);
    }

    private static bool IsAmong(byte[][] names, ReadOnlySpan<byte> name)
    {
        foreach (var known in names)
        {
            if (System.Text.Ascii.EqualsIgnoreCase(known, name)) return true;
        }
        return false;
    }

    /// <summary>How many prompts an array holds; the reader stands on its start, and is left on its end. An array of tokens is one prompt.</summary>
    private static long CountPrompts(ref Utf8JsonReader reader)
    {
        var prompts = 0L;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.StartArray) prompts++;
            reader.Skip();
        }
        return prompts;
    }

    /// <summary>Length of a property's name; 0 of one that is none of ours, where that takes unescaping to know.</summary>
    private static int NameLength(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped) return reader.ValueSpan.Length;
        foreach (var name in Names)
        {
            if (reader.ValueTextEquals(name)) return name.Length;
        }
        return 0;
    }

    private static void ReadModel(ref Utf8JsonReader reader, ref Findings findings)
    {
        // Two of them could be read as one by this node and as the other by the backend.
        if (findings.HasModel) findings.Fault ??= new RequestFault("invalid_json", "The request names 'model' twice.", "model");
        reader.Read();
        if (reader.TokenType != JsonTokenType.String) Wrong(ref findings, "model", "a string");
        else if (reader.ValueSpan.IsEmpty) findings.Fault ??= new RequestFault("missing_model", "'model' is empty. Set it to one of those that GET /v1/models lists.", "model");
        else if (reader.ValueSpan.Length > MaxModelBytes) findings.Fault ??= new RequestFault("invalid_value", "'model' is longer than any model's name.", "model");
        findings.HasModel = true;
        findings.Model = (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
    }

    private static void ReadStreamOptions(ref Utf8JsonReader reader, ref Findings findings)
    {
        reader.Read();
        findings.AsksUsage = false;
        var start = (int)reader.TokenStartIndex;
        if (reader.TokenType == JsonTokenType.Null)
        {
            findings.Splice = RequestDocument.ReplaceOptions(start, 4);
            return;
        }
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Wrong(ref findings, "stream_options", "an object");
            return;
        }
        var afterBrace = (int)reader.BytesConsumed;
        var isEmpty = true;
        RequestDocument.Splice? splice = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            isEmpty = false;
            var isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (isUsage)
            {
                findings.AsksUsage = reader.TokenType == JsonTokenType.True;
                if (reader.TokenType is JsonTokenType.False or JsonTokenType.Null) splice = RequestDocument.ReplaceUsage((int)reader.TokenStartIndex, reader.ValueSpan.Length);
                else if (reader.TokenType != JsonTokenType.True) Wrong(ref findings, "stream_options.include_usage", "a boolean");
            }
            reader.Skip();
        }
        findings.Splice = splice ?? RequestDocument.AddUsage(afterBrace, isEmpty);
    }

    private static void Wrong(ref Findings findings, string param, string wanted) =>
        findings.Fault ??= new RequestFault("invalid_type", $"'{param}' must be {wanted}.", param);
}
