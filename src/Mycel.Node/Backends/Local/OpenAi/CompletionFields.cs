using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A request to <c>/v1/completions</c>, read strictly.</summary>
internal sealed class CompletionFields : GenerationFields
{
    /// <summary>Most answers to all prompts of a request together.</summary>
    public const int MaxChoices = 128;

    private static readonly FieldTable<CompletionFields> Table = MakeTable();

    private int? _logProbs;
    private Field? _bestOf;

    public override int? TopLogProbs => _logProbs;

    public IReadOnlyList<TextInput> Prompts { get; private set; } = [new TextInput("", null)];

    /// <summary>Whether each answer begins with its prompt.</summary>
    public bool Echo { get; private set; }

    /// <exception cref="InvalidRequestException">A field is wrong or cannot be honoured.</exception>
    public static CompletionFields Read(JsonElement request, bool allowsGrammar)
    {
        var fields = new CompletionFields { AllowsGrammar = allowsGrammar };
        Table.Read(request, fields);
        fields.CheckTogether();
        return fields;
    }

    private static FieldTable<CompletionFields> MakeTable() => NeutralFields.AddTo(AddTo(new FieldTable<CompletionFields>()))
        .Reads("prompt", static (f, r) => r.Prompts = TextInput.Read(f, MaxChoices))
        .Reads("echo", static (f, r) => r.Echo = f.Boolean())
        .Reads("logprobs", static (f, r) => r.ReadLogProbs(f))
        .Reads("best_of", static (f, r) => r._bestOf = f)
        .Refuses("suffix", static v => v.ValueKind == JsonValueKind.String && v.ValueEquals(""), "local models continue a text, they do not fill in.")
        .Refuses("response_format", IsText, "it belongs to chats.")
        .Refuses("tools", hint: "they belong to chats.")
        .Refuses("messages", hint: "they belong to chats; send a 'prompt'.");

    private static bool IsText(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("text");

    private void ReadLogProbs(Field field)
    {
        // Some clients write what chats take: a boolean.
        if (field.Kind == JsonValueKind.False) return;
        _logProbs = (int)field.Integer(0, MaxTopLogProbs);
    }

    private void CheckTogether()
    {
        if (_bestOf is { } bestOf && bestOf.Integer(1, MaxAnswers) is var best && best != Answers)
            throw bestOf.Unsupported("is only supported where it equals 'n': nothing is generated that is not returned.");
        if (Prompts.Count * Answers > MaxChoices)
            throw new InvalidRequestException(InvalidRequestException.InvalidValue, $"'prompt' and 'n' ask for {Prompts.Count * Answers} answers; up to {MaxChoices} are made at once.", "n");
        if (!Echo) return;
        if (_logProbs is not null) throw new InvalidRequestException(InvalidRequestException.Unsupported, "'echo' cannot be used together with 'logprobs': the prompt's own probabilities are not kept.", "echo");
        if (Prompts.Any(p => p.Text is null)) throw new InvalidRequestException(InvalidRequestException.Unsupported, "'echo' needs prompts given as text, not as tokens.", "echo");
    }
}
