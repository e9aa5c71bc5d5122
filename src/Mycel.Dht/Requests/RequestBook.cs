using Mycel.Dht.Wire;

namespace Mycel.Dht.Requests;

/// <summary>
/// Questions under way, and what they wait for. An answer counts only from the node that was asked, at the address it was asked at. Everyone has the same
/// time to answer, so the questions lie in the order in which they end.
/// </summary>
internal sealed class RequestBook(DhtOptions options, IDhtRandom random, Action<DhtContact, DhtMessage> send, long timeoutTicks)
{
    private readonly Dictionary<ulong, Pending> _pending = [];
    private readonly Queue<(long Deadline, ulong Id)> _deadlines = new();
    private readonly Dictionary<DhtKey, ulong> _tokens = [];
    private readonly Queue<DhtKey> _tokenOrder = new();

    /// <summary>Questions under way.</summary>
    public int Count => _pending.Count;

    /// <summary>Tokens remembered.</summary>
    public int TokenCount => _tokens.Count;

    /// <summary>When the next question ends unanswered; <see cref="long.MaxValue"/> for none.</summary>
    public long NextDeadline => _deadlines.TryPeek(out (long Deadline, ulong Id) first) ? first.Deadline : long.MaxValue;

    /// <summary>Asks; false where too much is under way. <paramref name="done"/> gets the answer, or null for none, and never before this returns.</summary>
    public bool TryAsk(DhtContact to, Question question, long now, Action<DhtMessage?> done)
    {
        if (_deadlines.Count >= 2 * options.MaxPending || _pending.Count >= options.MaxPending)
            return false;
        Ask(new Pending(to, question, done), now);
        return true;
    }

    /// <summary>Takes an answer. Returns the contact that gave it, or null where nobody waits for it.</summary>
    public DhtContact? Answered(DhtContact from, DhtMessage answer, long now)
    {
        if (!_pending.TryGetValue(answer.Id, out Pending? pending) || pending.To.Key != from.Key || pending.To.Address != from.Address)
            return null;
        bool isAnswer = answer.Kind == MessageKind.Token || pending.Question.IsAnsweredBy(answer.Kind);
        if (!isAnswer)
            return null;
        _pending.Remove(answer.Id);
        Remember(from.Key, answer.Token);
        if (answer.Kind != MessageKind.Token)
            pending.Done(answer);
        else if (!pending.IsSecond)
            Ask(pending with { IsSecond = true }, now);
        else
            pending.Done(null);
        return from;
    }

    /// <summary>Ends the questions whose time is over, and tells whom each was for.</summary>
    public void Expire(long now, Action<DhtContact> silent)
    {
        while (_deadlines.TryPeek(out (long Deadline, ulong Id) first) && first.Deadline <= now)
        {
            _deadlines.Dequeue();
            if (!_pending.Remove(first.Id, out Pending? pending))
                continue;
            silent(pending.To);
            pending.Done(null);
        }
    }

    private void Ask(Pending pending, long now)
    {
        ulong id = random.NextUInt64();
        _pending[id] = pending;
        _deadlines.Enqueue((now + timeoutTicks, id));
        send(pending.To, pending.Question.ToMessage(id, _tokens.GetValueOrDefault(pending.To.Key), options.Passive));
    }

    private void Remember(DhtKey of, ulong token)
    {
        if (!_tokens.ContainsKey(of))
        {
            if (_tokenOrder.Count == options.MaxTokens)
                _tokens.Remove(_tokenOrder.Dequeue());
            _tokenOrder.Enqueue(of);
        }

        _tokens[of] = token;
    }

    private sealed record Pending(DhtContact To, Question Question, Action<DhtMessage?> Done, bool IsSecond = false);
}
