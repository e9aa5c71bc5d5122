using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Mycel.Node.Cli.Chat;

/// <summary>What was said so far; all of it goes with each question.</summary>
internal sealed class Conversation
{
    private readonly List<ChatMessage> _messages = [];

    /// <summary>Instructions for the model, or null.</summary>
    public string? System { get; set; }

    /// <summary>Questions and answers, without the instructions.</summary>
    public int Count => _messages.Count;

    /// <summary>All messages in the order they are sent.</summary>
    public IReadOnlyList<ChatMessage> Messages => string.IsNullOrWhiteSpace(System) ? [.. _messages] : [new("system", System), .. _messages];

    /// <summary>Adds a question.</summary>
    public void Ask(string text) => _messages.Add(new ChatMessage("user", text));

    /// <summary>Adds the answer to the last question; an empty one takes the question back, so that asking again does not ask twice.</summary>
    public void Answer(string text)
    {
        if (text.Length > 0) _messages.Add(new ChatMessage("assistant", text));
        else TakeBack();
    }

    /// <summary>Takes the last question back.</summary>
    public void TakeBack()
    {
        if (_messages.Count > 0 && _messages[^1].Role == "user") _messages.RemoveAt(_messages.Count - 1);
    }

    /// <summary>Forgets questions and answers; the instructions stay.</summary>
    public void Clear() => _messages.Clear();

    /// <summary>The conversation as a document: JSON of OpenAI's messages, or Markdown.</summary>
    public string Export(bool json)
    {
        if (json)
        {
            JsonArray messages = [.. Messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })];
            return messages.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
        }

        StringBuilder text = new();
        foreach (ChatMessage message in Messages)
        {
            string title = message.Role switch { "system" => "Instructions", "user" => "You", _ => "Model" };
            text.Append("## ").Append(title).Append("\n\n").Append(message.Content.Trim()).Append("\n\n");
        }

        return text.ToString();
    }
}
