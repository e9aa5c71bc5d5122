namespace Mycel.Llama.Chat;

/// <summary>
/// Reads gpt-oss's channels: <c>&lt;|channel|&gt;analysis&lt;|message|&gt;…&lt;|end|&gt;</c> is reasoning, <c>final</c> and
/// <c>commentary</c> are content, and a header with <c>to=functions.NAME</c> is a call.
/// </summary>
internal static class ChannelReader
{
    private const int MaxHeader = 512;
    private static readonly string[] s_ends = ["<|end|>", "<|start|>", "<|return|>", "<|call|>", "<|channel|>"];
    private static readonly string[] s_begins = ["<|channel|>", "<|start|>", " to="];

    public static IEnumerable<bool> Read(Cursor text, OutputWriter output)
    {
        while (true)
        {
            while (text.Rest.Length < 11 && !text.IsEnd && s_begins.Any(begin => begin.AsSpan().StartsWith(text.Rest, StringComparison.Ordinal)))
                yield return true;
            if (text.IsEnd && text.Rest.IsEmpty)
                yield break;
            var header = "";
            if (BeginsHeader(text))
            {
                while (text.Rest.IndexOf("<|message|>", StringComparison.Ordinal) < 0 && !text.IsEnd && text.Rest.Length < MaxHeader)
                    yield return true;
                var end = text.Rest[..Math.Min(text.Rest.Length, MaxHeader + 11)].IndexOf("<|message|>", StringComparison.Ordinal);
                if (end is < 0 or >= MaxHeader)
                {
                    // A header that never ends is told as it stands.
                    output.Text(text.Take(Math.Min(text.Rest.Length, MaxHeader)), isReasoning: false);
                    continue;
                }

                header = text.Take(end);
                text.Take("<|message|>".Length);
            }

            foreach (var wait in ReadBody(text, output, header))
                yield return wait;
            if (text.IsEnd && text.Rest.IsEmpty)
                yield break;
        }
    }

    private static bool BeginsHeader(Cursor text)
    {
        foreach (var begin in s_begins)
        {
            if (text.Rest.StartsWith(begin, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static IEnumerable<bool> ReadBody(Cursor text, OutputWriter output, string header)
    {
        var tool = FindTool(header, output);
        if (tool is not null)
        {
            output.Call(tool.Name);
            foreach (var wait in CallSyntax.ReadArguments(text, output))
                yield return wait;
        }

        var isReasoning = tool is null && header.Contains("<|channel|>analysis", StringComparison.Ordinal);
        output.DropBlank();
        while (true)
        {
            var (mark, plain) = text.Find(s_ends);
            if (plain > 0)
            {
                var part = text.Take(plain);
                if (tool is null)
                    output.Text(part, isReasoning);
            }

            if (mark is not null)
            {
                if (mark is "<|end|>" or "<|return|>" or "<|call|>")
                    text.Take(mark.Length);
                output.DropBlank();
                yield break;
            }

            if (text.IsEnd)
                yield break;
            yield return true;
        }
    }

    private static Tool? FindTool(string header, OutputWriter output)
    {
        const string recipient = "to=functions.";
        var start = header.IndexOf(recipient, StringComparison.Ordinal);
        if (start < 0)
            return null;
        var name = header[(start + recipient.Length)..];
        var end = name.AsSpan().IndexOfAny(' ', '<');
        return output.Find(end < 0 ? name : name[..end]);
    }
}
