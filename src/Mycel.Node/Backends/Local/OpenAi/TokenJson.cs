using System.Globalization;
using System.Text;
using Mycel.Llama;

namespace Mycel.Node.Backends.Local.OpenAi;

/// <summary>Tokens and their probabilities as JSON.</summary>
internal static class TokenJson
{
    /// <summary>What OpenAI writes for a probability of nothing, which JSON has no number for.</summary>
    private const float Never = -9999;

    /// <summary>The <c>logprobs</c> of a chat's choice; <c>null</c> for none.</summary>
    public static void WriteChat(JsonOutput output, IReadOnlyList<TokenLogProb>? tokens)
    {
        if (tokens is null)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{\"content\":["u8);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i > 0) output.Raw(","u8);
            WriteToken(output, tokens[i]);
            output.Raw(",\"top_logprobs\":["u8);
            for (var j = 0; j < tokens[i].Top.Count; j++)
            {
                if (j > 0) output.Raw(","u8);
                WriteToken(output, tokens[i].Top[j]);
                output.Raw("}"u8);
            }
            output.Raw("]}"u8);
        }
        output.Raw("],\"refusal\":null}"u8);
    }

    /// <summary>A token's own fields, the object left open.</summary>
    private static void WriteToken(JsonOutput output, TokenLogProb token)
    {
        output.Raw("{\"token\":"u8).String(Encoding.UTF8.GetString(token.Token)).Raw(",\"logprob\":"u8);
        WriteLogProb(output, token.LogProb);
        output.Raw(",\"bytes\":["u8);
        for (var i = 0; i < token.Token.Length; i++)
        {
            if (i > 0) output.Raw(","u8);
            output.Number(token.Token[i]);
        }
        output.Raw("]"u8);
    }

    /// <summary>The <c>logprobs</c> of a completion's choice; <c>null</c> for none.</summary>
    /// <param name="output">Where it is written.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="offsets">Where each token begins in the choice's text, in Unicode characters.</param>
    public static void WriteCompletion(JsonOutput output, IReadOnlyList<TokenLogProb>? tokens, IReadOnlyList<int> offsets)
    {
        if (tokens is null)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{\"tokens\":["u8);
        Separated(output, tokens, static (o, t) => o.String(Name(t.Token)));
        output.Raw("],\"token_logprobs\":["u8);
        Separated(output, tokens, static (o, t) => WriteLogProb(o, t.LogProb));
        output.Raw("],\"top_logprobs\":["u8);
        Separated(output, tokens, static (o, t) => WriteTop(o, t.Top));
        output.Raw("],\"text_offset\":["u8);
        Separated(output, offsets, static (o, n) => o.Number(n));
        output.Raw("]}"u8);
    }

    private static void Separated<T>(JsonOutput output, IReadOnlyList<T> items, Action<JsonOutput, T> write)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0) output.Raw(","u8);
            write(output, items[i]);
        }
    }

    private static void WriteTop(JsonOutput output, IReadOnlyList<TokenLogProb> top)
    {
        output.Raw("{"u8);
        var names = new HashSet<string>(top.Count, StringComparer.Ordinal);
        foreach (var token in top)
        {
            // Two tokens may have the same text, an object no two members of one name: the likelier stands.
            var name = Name(token.Token);
            if (!names.Add(name)) continue;
            if (names.Count > 1) output.Raw(","u8);
            output.String(name).Raw(":"u8);
            WriteLogProb(output, token.LogProb);
        }
        output.Raw("}"u8);
    }

    private static void WriteLogProb(JsonOutput output, float logProb) => output.Number(float.IsFinite(logProb) ? logProb : Never);

    /// <summary>A token's text; of one that is a part of a character its bytes, in the way OpenAI writes them.</summary>
    private static string Name(byte[] token)
    {
        if (System.Text.Unicode.Utf8.IsValid(token)) return Encoding.UTF8.GetString(token);
        var name = new StringBuilder("bytes:");
        foreach (var part in token) name.Append(CultureInfo.InvariantCulture, $"\\x{part:x2}");
        return name.ToString();
    }
}
