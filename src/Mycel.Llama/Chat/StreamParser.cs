namespace Mycel.Llama.Chat;

/// <summary>How an output is to be read.</summary>
internal sealed record OutputPlan
{
    /// <summary>How tools are called; null where none may be.</summary>
    public CallSyntax? Calls { get; init; }

    public IReadOnlyList<Tool> Tools { get; init; } = [];

    /// <summary>Marks around reasoning; null where the model knows none.</summary>
    public (string Opening, string Closing)? Reasoning { get; init; }

    /// <summary>Whether the prompt ended within reasoning.</summary>
    public bool BeginsWithReasoning { get; init; }

    /// <summary>Marks around the answer itself, which are not shown.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>What the prompt ended with that belongs to the first mark.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Whether the output is in gpt-oss's channels.</summary>
    public bool HasChannels { get; init; }
}

/// <summary>Reads an output by its plan.</summary>
internal sealed class StreamParser : ChatOutputParser
{
    private readonly OutputPlan _plan;
    private readonly OutputWriter _writer;
    private readonly Cursor _text = new();
    private readonly IEnumerator<bool> _run;
    private readonly IReadOnlyList<string> _marks;
    private bool _triedBare;

    /// <param name="plan">How the output is to be read.</param>
    /// <param name="newId">Makes the id of a call.</param>
    public StreamParser(OutputPlan plan, Func<string> newId)
    {
        _plan = plan;
        _writer = new OutputWriter(plan.Tools, newId);
        var marks = new List<string>(plan.Dropped);
        if (plan.Reasoning is { } reasoning)
            marks.AddRange([reasoning.Opening, reasoning.Closing]);
        if (plan.Calls is not null)
            marks.AddRange(plan.Calls.Openings);
        _marks = marks;
        _text.Append(plan.Prefix);
        _run = (plan.HasChannels ? ChannelReader.Read(_text, _writer) : Read()).GetEnumerator();
    }

    public override bool SawToolCall => _writer.Calls > 0;

    public override void Push(string text, IChatOutput output)
    {
        if (text.Length == 0)
            return;
        _writer.Output = output;
        _text.Append(text);
        _run.MoveNext();
    }

    public override void End(IChatOutput output)
    {
        _writer.Output = output;
        _text.IsEnd = true;
        while (_run.MoveNext())
        {
            // Each step finds that nothing more comes.
        }

        _writer.Flush();
    }

    private IEnumerable<bool> Read()
    {
        var isReasoning = _plan.BeginsWithReasoning;
        while (true)
        {
            if (!isReasoning && BeginsBare() is not false)
            {
                if (BeginsBare() is null && !_text.IsEnd)
                {
                    yield return true;
                    continue;
                }

                _triedBare = true;
                if (BeginsBareNow())
                {
                    foreach (var wait in ReadCalls(1))
                        yield return wait;
                }
            }

            var (mark, plain) = _text.Find(isReasoning ? [_plan.Reasoning!.Value.Closing] : _marks);
            if (plain > 0)
                _writer.Text(_text.Take(plain), isReasoning);
            if (mark is null)
            {
                if (_text.IsEnd)
                    yield break;
                yield return true;
            }
            else if (mark == _plan.Reasoning?.Closing || _plan.Dropped.Contains(mark) || (mark == _plan.Reasoning?.Opening && !_writer.HasContent))
            {
                _text.Take(mark.Length);
                _writer.DropBlank();
                isReasoning = mark == _plan.Reasoning?.Opening;
            }
            else if (mark == _plan.Reasoning?.Opening)
            {
                _writer.Text(_text.Take(mark.Length), isReasoning: false);
            }
            else
            {
                foreach (var wait in ReadCalls(mark.Length))
                    yield return wait;
            }
        }
    }

    /// <summary>Whether the answer begins with a call without a mark; null where that is not clear yet.</summary>
    private bool? BeginsBare()
    {
        if (_triedBare || _plan.Calls is not { MayBeBare: true } || _writer.HasContent || _writer.Calls > 0)
            return false;
        var rest = _text.Rest.TrimStart();
        return rest.IsEmpty ? null : rest[0] == '{';
    }

    private bool BeginsBareNow()
    {
        var blank = _text.Rest.Length - _text.Rest.TrimStart().Length;
        if (blank == _text.Rest.Length)
            return false;
        _text.Take(blank);
        return true;
    }

    /// <summary>Reads calls; where there is none its first <paramref name="length"/> characters are content, and what follows is read anew.</summary>
    private IEnumerable<bool> ReadCalls(int length)
    {
        var before = _writer.Calls;
        _writer.Failed = false;
        _text.Mark();
        foreach (var wait in _plan.Calls!.Read(_text, _writer))
            yield return wait;
        if (!_writer.Failed)
        {
            _text.Release();
            _writer.DropBlank();
            yield break;
        }

        _text.Back();
        if (_writer.Calls == before)
            _writer.Text(_text.Take(length), isReasoning: false);
    }
}
