using System.Text.Json;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>A request to <c>/v1/embeddings</c>, read strictly.</summary>
internal sealed class EmbeddingFields
{
    private static readonly FieldTable<EmbeddingFields> Table = new FieldTable<EmbeddingFields>()
        .Accepts("model", "user", "stream_options")
        .Reads("input", static (f, r) => r.Inputs = ReadInput(f))
        .Reads("encoding_format", static (f, r) => r.IsBase64 = IsBase64Format(f))
        .Reads("dimensions", static (f, r) => r.Dimensions = (int)f.Integer(1, int.MaxValue))
        .Refuses("stream", NeutralFields.IsBoolean(false), "embeddings come in one piece.")
        .Refuses("truncate", NeutralFields.IsBoolean(false), "a text that is too long is refused, never cut.");

    public IReadOnlyList<TextInput> Inputs { get; private set; } = [];

    /// <summary>Whether vectors are sent as base64 of little-endian 32-bit floats, which OpenAI's clients ask for by default.</summary>
    public bool IsBase64 { get; private set; }

    /// <summary>Numbers the caller wants in each vector; null for the model's own.</summary>
    public int? Dimensions { get; private set; }

    /// <exception cref="InvalidRequestException">A field is wrong or cannot be honoured.</exception>
    public static EmbeddingFields Read(JsonElement request)
    {
        var fields = new EmbeddingFields();
        Table.Read(request, fields);
        return fields.Inputs.Count > 0 ? fields : throw new InvalidRequestException("missing_required_parameter", "The request has no 'input'.", "input");
    }

    private static IReadOnlyList<TextInput> ReadInput(Field field)
    {
        var inputs = TextInput.Read(field, EmbeddingRequest.MaxInputs);
        return inputs.All(i => i.Text is not "") ? inputs
            : throw new InvalidRequestException(InvalidRequestException.InvalidValue, "'input' holds an empty text; leave it out.", field.Name);
    }

    private static bool IsBase64Format(Field field) => field.Text() switch
    {
        "float" => false,
        "base64" => true,
        _ => throw field.OutOfRange("'float' or 'base64'"),
    };
}
