namespace Mycel.Llama.Chat;

/// <summary>Turns chats into prompts for one model. Safe for use by many threads.</summary>
public interface IChatRenderer
{
    /// <summary>Makes the prompt of a chat.</summary>
    /// <exception cref="ChatException">The chat is wrong, or the model's template refuses it.</exception>
    ChatPrompt Render(ChatRequest request);

    /// <summary>Whether the model's template reads a variable, such as <c>reasoning_effort</c>.</summary>
    bool Reads(string variable);
}
