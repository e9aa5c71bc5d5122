using System.Security.Cryptography;
using System.Text.Json;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>
/// Tells a model's text apart: what it thinks (<c>&lt;think&gt;</c> tags at its beginning), calls of tools, and what it says. Text that may
/// be the beginning of a tag is held until that is clear; a call that is none comes out as text.
/// </summary>
/// <param name="readsTools">Whether calls of tools are looked for.</param>
/// <param name="startsThinking">Whether the prompt has opened the thinking already.</param>
internal sealed class ChatTextParser(bool readsTools, bool startsThinking) : ChatOutputParser
{
    public const string ThinkOpen = "<think>";

    private const string ThinkClose = "</think>";

    private string _held = "";
    private bool _isThinking = startsThinking;
    private bool _hasSpoken = startsThinking;
    private bool _isInCall;
    private bool _trimsStart;
    private int _calls;

    public override bool SawToolCall => _calls > 0;

    public override void Push(string text, IChatOutput output)
    {
        _held += text;
        while (Advance(output))
        {
        }
    }

    public override void End(IChatOutput output)
    {
        if (_isInCall) output.Content(ToolCalls.Open + _held);
        else Say(_held, output);
        _held = "";
    }

    /// <returns>Whether there may be more to do with what is held.</returns>
    private bool Advance(IChatOutput output)
    {
        if (_isInCall) return AdvanceCall(output);
        if (!_hasSpoken && !AtBeginning()) return false;
        var tag = _isThinking ? ThinkClose : readsTools ? ToolCalls.Open : "";
        if (tag.Length == 0)
        {
            Say(_held, output);
            _held = "";
            return false;
        }
        var at = _held.IndexOf(tag, StringComparison.Ordinal);
        if (at < 0)
        {
            var keep = PrefixAtEnd(_held, tag);
            Say(_held[..^keep], output);
            _held = _held[^keep..];
            return false;
        }
        Say(_held[..at], output);
        _held = _held[(at + tag.Length)..];
        if (_isThinking)
        {
            _isThinking = false;
            _trimsStart = true;
        }
        else _isInCall = true;
        return true;
    }

    /// <summary>Thinking is looked for at the beginning alone.</summary>
    /// <returns>False while that is not clear yet.</returns>
    private bool AtBeginning()
    {
        var text = _held.TrimStart();
        if (text.StartsWith(ThinkOpen, StringComparison.Ordinal))
        {
            _isThinking = true;
            _held = text[ThinkOpen.Length..];
        }
        else if (ThinkOpen.StartsWith(text, StringComparison.Ordinal)) return false;
        _hasSpoken = true;
        return true;
    }

    private bool AdvanceCall(IChatOutput output)
    {
        var end = _held.IndexOf(ToolCalls.Close, StringComparison.Ordinal);
        if (end < 0) return false;
        var body = _held[..end];
        _held = _held[(end + ToolCalls.Close.Length)..];
        _isInCall = false;
        if (!TryCall(body, output)) output.Content(ToolCalls.Open + body + ToolCalls.Close);
        else _trimsStart = true;
        return true;
    }

    private bool TryCall(string body, IChatOutput output)
    {
        if (ToolCalls.TryParse(body) is not { ValueKind: JsonValueKind.Object } call || !call.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String) return false;
        var arguments = call.TryGetProperty("arguments", out var given) ? given.ValueKind == JsonValueKind.String ? given.GetString()! : given.GetRawText() : "{}";
        output.ToolCall(_calls, "call_" + RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 24), name.GetString()!);
        output.ToolArguments(_calls, arguments);
        _calls++;
        return true;
    }

    private void Say(string text, IChatOutput output)
    {
        if (_trimsStart)
        {
            text = text.TrimStart('\n', ' ');
            if (text.Length > 0) _trimsStart = false;
        }
        if (text.Length == 0) return;
        if (_isThinking) output.Reasoning(text);
        else output.Content(text);
    }

    private static int PrefixAtEnd(string text, string tag)
    {
        for (var length = Math.Min(text.Length, tag.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(tag.AsSpan(0, length))) return length;
        }
        return 0;
    }
}
