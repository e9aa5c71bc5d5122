namespace Mycel.Node.Backends;

/// <summary>
/// A request body as it came, with the places found where a value may have to be changed. It is passed on by splicing, never
/// by writing the JSON anew, so that every field reaches the backend as the caller wrote it.
/// </summary>
internal sealed class RequestDocument
{
    private static readonly byte[] FirstMember = "\"stream_options\":{\"include_usage\":true},"u8.ToArray();
    private static readonly byte[] IncludeUsageOnly = "\"include_usage\":true"u8.ToArray();
    private static readonly byte[] IncludeUsageAndMore = "\"include_usage\":true,"u8.ToArray();
    private static readonly byte[] OptionsObject = "{\"include_usage\":true}"u8.ToArray();
    private static readonly byte[] True = "true"u8.ToArray();

    /// <summary>The whole body.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Where the model's name is, quotes included.</summary>
    public required Range Model { get; init; }

    /// <summary>Whether the caller asked for a stream.</summary>
    public required bool IsStream { get; init; }

    /// <summary>Whether the caller asked for usage in the stream itself.</summary>
    public required bool AsksUsage { get; init; }

    /// <summary>Largest <see cref="MaxTokens"/>, and number of choices, that is told apart from larger ones.</summary>
    public const long MaxCount = int.MaxValue;

    /// <summary>Most tokens of one answer that the caller wants; null where it does not say.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Answers that the caller wants: choices times prompts, at least 1.</summary>
    public long Choices { get; init; } = 1;

    /// <summary>The splice that makes a stream end with its usage; null where none is needed.</summary>
    public Splice? UsageSplice { get; init; }

    /// <summary>Replacement of a part of the body.</summary>
    internal readonly record struct Splice(int Start, int Length, byte[] Replacement);

    /// <summary>The splice for a body without <c>stream_options</c>; <paramref name="afterBrace"/> is the offset behind its first brace.</summary>
    public static Splice AddOptions(int afterBrace) => new(afterBrace, 0, FirstMember);

    /// <summary>The splice for <c>stream_options</c> without <c>include_usage</c>.</summary>
    public static Splice AddUsage(int afterBrace, bool isEmpty) => new(afterBrace, 0, isEmpty ? IncludeUsageOnly : IncludeUsageAndMore);

    /// <summary>The splice for <c>"stream_options": null</c>.</summary>
    public static Splice ReplaceOptions(int start, int length) => new(start, length, OptionsObject);

    /// <summary>The splice for <c>"include_usage": false</c>.</summary>
    public static Splice ReplaceUsage(int start, int length) => new(start, length, True);

    /// <summary>The body for one backend, as pieces to be sent one after the other.</summary>
    public OutboundBody For(byte[] modelJson, bool addUsage)
    {
        var modelStart = Model.Start.Value;
        var modelLength = Model.End.Value - modelStart;
        var isSameModel = Body.Span.Slice(modelStart, modelLength).SequenceEqual(modelJson);
        Splice? model = isSameModel ? null : new Splice(modelStart, modelLength, modelJson);
        var usage = addUsage ? UsageSplice : null;
        var (first, second) = usage is { } u && model is { } m && u.Start < m.Start ? (usage, model) : (model ?? usage, model is null ? null : usage);
        return new OutboundBody(Body, first, second);
    }
}

/// <summary>A body with at most two replacements, seen as at most five pieces.</summary>
internal readonly struct OutboundBody
{
    private readonly ReadOnlyMemory<byte> _body;
    private readonly RequestDocument.Splice? _first;
    private readonly RequestDocument.Splice? _second;

    public OutboundBody(ReadOnlyMemory<byte> body, RequestDocument.Splice? first, RequestDocument.Splice? second)
    {
        _body = body;
        _first = first;
        _second = second;
        Length = body.Length + Growth(first) + Growth(second);
    }

    /// <summary>Number of pieces; some may be empty.</summary>
    public const int PieceCount = 5;

    /// <summary>Bytes in all.</summary>
    public int Length { get; }

    public ReadOnlyMemory<byte> Piece(int index)
    {
        var firstStart = _first?.Start ?? _body.Length;
        var firstEnd = firstStart + (_first?.Length ?? 0);
        var secondStart = _second?.Start ?? _body.Length;
        var secondEnd = secondStart + (_second?.Length ?? 0);
        return index switch
        {
            0 => _body[..firstStart],
            1 => _first?.Replacement ?? default,
            2 => _body[firstEnd..secondStart],
            3 => _second?.Replacement ?? default,
            _ => _body[secondEnd..],
        };
    }

    public void CopyTo(Span<byte> target)
    {
        for (var i = 0; i < PieceCount; i++)
        {
            var piece = Piece(i).Span;
            piece.CopyTo(target);
            target = target[piece.Length..];
        }
    }

    private static int Growth(RequestDocument.Splice? splice) => splice is { } s ? s.Replacement.Length - s.Length : 0;
}
