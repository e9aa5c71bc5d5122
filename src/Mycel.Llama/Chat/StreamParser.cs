namespace Mycel.Llama.Chat;

/// <summary>Reads an output by its plan.</summary>
internal sealed class StreamParser : ChatOutputParser
{
    private readonly OutputPlan _plan;
    private readonly OutputWriter _writer;
    private readonly Cursor _text = new();
    private readonly IEnumerator<bool> _run;
    private readonly MarkSet _first;
    private readonly MarkSet _inReasoning;
    private readonly MarkSet _later;
    private bool _isReasoning;
    private bool _isPlain;
    private bool _triedBare;

    /// <param name="plan">How the output is to be read.</param>
    /// <param name="newId">Makes the id of a call.</param>
    public StreamParser(OutputPlan plan, Func<string> newId)
    {
        _plan = plan;
        _writer = new OutputWriter(plan.Tools, newId) { HoldsBlank = plan.HasChannels || plan.Calls is not null || plan.Dropped.Count > 0 || plan.Reasoning is not null };
        var openings = plan.Calls?.Openings ?? [];
        string[] reasoning = plan.Reasoning is { } marks ? [marks.Opening, marks.Closing] : [];
        _first = new MarkSet([.. reasoning, .. plan.Dropped, .. openings]);
        _inReasoning = new MarkSet([.. reasoning.Skip(1), .. openings]);
        _later = new MarkSet([.. plan.Dropped, .. openings]);
        _isReasoning = plan.BeginsWithReasoning;
        _text.Append(plan.Prefix);
        _run = (plan.HasChannels ? ChannelReader.Read(_text, _writer) : Read()).GetEnumerator();
    }

    /// <summary>What is looked for now: reasoning comes before anything else is said.</summary>
    private MarkSet Marks => _isReasoning ? _inReasoning : _writer.HasContent || _writer.Calls > 0 ? _later : _first;

    public override bool SawToolCall => _writer.Calls > 0;

    public override void Push(string text, IChatOutput output)
    {
        if (text.Length == 0)
            return;
        _writer.Output = output;
        // Most text has nothing that a mark could begin with: it goes through as it is.
        if (_isPlain && _text.Rest.IsEmpty && Marks.FindFirst(text) < 0)
        {
            _writer.Text(text, _isReasoning);
            return;
        }

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
        while (true)
        {
            foreach (var wait in ReadBare())
                yield return wait;
            var marks = Marks;
            var (mark, plain) = _text.Find(marks);
            if (plain > 0)
                _writer.Text(_text.Take(plain), _isReasoning);
            // What was a mark before anything was said may be none now.
            if (marks != Marks)
                continue;

            if (mark is null)
            {
                if (_text.IsEnd)
                    yield break;
                _isPlain = _triedBare || !MayBeBare;
                yield return true;
                _isPlain = false;
            }
            else if (mark == _plan.Reasoning?.Opening || mark == _plan.Reasoning?.Closing || _plan.Dropped.Contains(mark))
            {
                _text.Skip(mark.Length);
                _writer.DropBlank();
                _isReasoning = mark == _plan.Reasoning?.Opening;
            }
            else
            {
                foreach (var wait in ReadCalls(mark.Length))
                    yield return wait;
            }
        }
    }

    private bool MayBeBare => _plan.Calls is { MayBeBare: true } && !_isReasoning && !_writer.HasContent && _writer.Calls == 0;

    /// <summary>Reads a call without a mark, which an answer may begin with.</summary>
    private IEnumerable<bool> ReadBare()
    {
        if (_triedBare || !MayBeBare)
            yield break;
        while (_text.Rest.IsWhiteSpace() && !_text.IsEnd)
            yield return true;
        var blank = _text.Rest.Length - _text.Rest.TrimStart().Length;
        // An answer that begins otherwise may still begin with a mark of reasoning, and the call come after that.
        _triedBare = blank < _text.Rest.Length && Marks.At(_text.Rest[blank..], _text.IsEnd) is (null, false);
        if (!_triedBare || _text.Rest[blank] != '{')
            yield break;
        _writer.Text(_text.Take(blank), isReasoning: false);
        foreach (var wait in ReadCalls(1))
            yield return wait;
    }

    /// <summary>Reads calls; where there is none its first <paramref name="length"/> characters are text, and what follows is read anew.</summary>
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
        }
        else
        {
            _text.Back();
            if (_writer.Calls == before)
                _writer.Text(_text.Take(length), _isReasoning);
        }

        // A call ends what was thought.
        _isReasoning &= _writer.Calls == before;
    }
}
