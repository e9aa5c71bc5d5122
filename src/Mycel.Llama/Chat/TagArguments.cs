using System.Text.Json;

namespace Mycel.Llama.Chat;

/// <summary>Reads arguments in tags and tells them as the members of a JSON object; texts are told as they come.</summary>
internal sealed class TagArguments(TagCallSyntax syntax, Tool tool, Cursor text, OutputWriter output)
{
    /// <summary>Most characters of a key.</summary>
    private const int MaxKey = 512;

    private readonly string _keyStop = syntax.KeyEnd[0] == '"' ? ">" : syntax.KeyEnd;

    public IEnumerable<bool> Read()
    {
        var count = 0;
        while (true)
        {
            foreach (var wait in CallSyntax.SkipClosing(text, syntax.KeyOpening, output))
                yield return wait;
            if (!output.Found)
                break;
            int end;
            while ((end = text.Rest.IndexOf(_keyStop, StringComparison.Ordinal)) < 0 && !text.IsEnd && text.Rest.Length < MaxKey)
                yield return true;
            if (end < 0)
            {
                // A key that is cut off has no value.
                if (text.IsEnd)
                    text.Skip(text.Rest.Length);
                break;
            }

            var tag = text.Take(end);
            text.Skip(_keyStop.Length);
            foreach (var wait in CallSyntax.Skip(text, syntax.ValueOpening, output))
                yield return wait;
            var key = tag.Split('"')[0].Trim();
            output.Arguments($"{(count++ == 0 ? "{" : ", ")}{CallSyntax.Quote(key)}: ");
            // DeepSeek says of each argument whether it is a text.
            foreach (var wait in tool.TakesText(key) || tag.EndsWith("string=\"true\"", StringComparison.Ordinal) ? ReadText() : ReadValue())
                yield return wait;
            if (!output.Found)
                yield break;
        }

        output.Arguments(count == 0 ? "{}" : "}");
    }

    private IEnumerable<bool> ReadText()
    {
        output.Arguments("\"");
        var isFirst = syntax.HasLines;
        while (true)
        {
            if (isFirst && !text.Rest.IsEmpty)
            {
                if (text.Rest[0] == '\n')
                    text.Skip(1);
                isFirst = false;
            }

            var (plain, isThere) = text.FindEnd(syntax.ValueEnd);
            var isOver = isThere || text.IsEnd;
            var ending = isThere ? syntax.ValueEnd.Length : 0;
            // The end of the last line belongs to the tags. Both halves of a pair go together: one alone is no character.
            if (plain > 0 && ((syntax.HasLines && text.Rest[plain - 1] == '\n') || (!isOver && char.IsHighSurrogate(text.Rest[plain - 1]))))
                (plain, ending) = (plain - 1, isOver ? ending + 1 : 0);
            if (plain > 0)
                output.Arguments(CallSyntax.Quote(text.Take(plain))[1..^1]);
            if (isOver)
            {
                text.Skip(ending);
                output.Found = isThere;
                if (isThere)
                    output.Arguments("\"");
                yield break;
            }

            yield return true;
        }
    }

    private IEnumerable<bool> ReadValue()
    {
        // From here on the end is looked for: what was searched is not searched again.
        var searched = 0;
        while (true)
        {
            var end = text.Rest[searched..].IndexOf(syntax.ValueEnd, StringComparison.Ordinal);
            if (end >= 0)
            {
                output.Arguments(ToJson(text.Take(searched + end).Trim()));
                text.Skip(syntax.ValueEnd.Length);
                output.Found = true;
                yield break;
            }

            if (text.IsEnd || text.Rest.Length > CallSyntax.MaxHeld)
            {
                // Cut off: what came so far is told, as of a call that is cut off anywhere else.
                output.Arguments(CallSyntax.Quote(text.Take(text.Rest.Length)));
                output.Found = false;
                yield break;
            }

            searched = Math.Max(0, text.Rest.Length - syntax.ValueEnd.Length + 1);
            yield return true;
        }
    }

    /// <summary>A value as it stands where it is JSON, otherwise as a string.</summary>
    private static string ToJson(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value);
            return value;
        }
        catch (JsonException)
        {
            // Models write Python's words for these.
            return value switch { "True" => "true", "False" => "false", "None" => "null", _ => CallSyntax.Quote(value) };
        }
    }
}
