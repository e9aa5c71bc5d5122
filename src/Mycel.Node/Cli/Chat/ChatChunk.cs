using System.Text.Json;
using Mycel.Node.Cli.Client;
using Mycel.Node.Cli.Terminal;

namespace Mycel.Node.Cli.Chat;

/// <summary>Reads a <c>chat.completion.chunk</c>, or a whole <c>chat.completion</c>, leniently: servers differ in what they leave out.</summary>
internal static class ChatChunk
{
    /// <summary>Takes text, counts and errors into <paramref name="answer"/>; text goes to <paramref name="onDelta"/>.</summary>
    public static void Read(JsonElement root, ChatAnswer answer, Action<ChatDelta> onDelta)
    {
        if (root.ValueKind != JsonValueKind.Object) return;
        if (NodeErrors.ReadEnvelope(root).Message is { } error)
        {
            answer.Error = Printable.Line(error, 2_000);
            return;
        }

        if (Text(root, "model") is { Length: > 0 } model) answer.Model = Printable.Line(model);
        ReadUsage(root, answer);
        if (!root.TryGetProperty("choices", out JsonElement choices) || choices.ValueKind != JsonValueKind.Array) return;
        foreach (JsonElement choice in choices.EnumerateArray()) ReadChoice(choice, answer, onDelta);
    }

    private static void ReadChoice(JsonElement choice, ChatAnswer answer, Action<ChatDelta> onDelta)
    {
        if (choice.ValueKind != JsonValueKind.Object) return;
        if (Text(choice, "finish_reason") is { Length: > 0 } reason) answer.FinishReason = reason;
        if (!choice.TryGetProperty("delta", out JsonElement part) && !choice.TryGetProperty("message", out part)) return;
        if (part.ValueKind != JsonValueKind.Object) return;
        ChatDelta delta = new(Text(part, "content") ?? "", Text(part, "reasoning_content") ?? Text(part, "reasoning") ?? "");
        if (delta.Content.Length > 0 || delta.Reasoning.Length > 0) onDelta(delta);
    }

    private static void ReadUsage(JsonElement root, ChatAnswer answer)
    {
        if (!root.TryGetProperty("usage", out JsonElement usage) || usage.ValueKind != JsonValueKind.Object) return;
        answer.PromptTokens = Number(usage, "prompt_tokens") ?? answer.PromptTokens;
        answer.CompletionTokens = Number(usage, "completion_tokens") ?? answer.CompletionTokens;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) ? number : null;
}
