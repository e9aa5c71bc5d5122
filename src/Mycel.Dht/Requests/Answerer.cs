using Mycel.Dht.Records;
using Mycel.Dht.Routing;
using Mycel.Dht.Wire;

namespace Mycel.Dht.Requests;

/// <summary>
/// Answers the questions of others. Until an asker showed by a token that it receives at its address, the answer is no larger than the question, and nothing is
/// stored or remembered for it.
/// </summary>
internal sealed class Answerer(DhtOptions options, RoutingTable table, RecordStore records, EndpointTokens tokens, IDhtRandom random, Counters counters)
{
    /// <summary>Room for contacts that records leave in an answer: who has records of a key also tells the way to others that have.</summary>
    private const int MaxRecordsBytes = (DhtLimits.MaxMessageBytes - MessageCodec.AnswerHeadBytes) / 2;

    /// <summary>The answer, and whether the asker's address is proven.</summary>
    public (DhtMessage Answer, bool IsProven) Answer(DhtContact asker, DhtMessage question, bool isAddressProven, DateTimeOffset now)
    {
        (ulong token, bool isValid) = tokens.Check(asker, question.Token);
        bool isProven = isAddressProven || isValid;
        if (!isProven && question.Kind != MessageKind.Ping)
        {
            counters.TokensDemanded++;
            return (new DhtMessage { Kind = MessageKind.Token, Id = question.Id, Token = token }, false);
        }

        DhtMessage answer = question.Kind switch
        {
            MessageKind.Find => Find(asker, question, token, now),
            MessageKind.Store => Store(asker, question, token, now),
            _ => new DhtMessage { Kind = MessageKind.Pong, Id = question.Id, Token = token },
        };
        return (answer, isProven);
    }

    private DhtMessage Find(DhtContact asker, DhtMessage question, ulong token, DateTimeOffset now)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        if (question.Key is { } key)
            records.Sample(key, now, random, MaxRecordsBytes, DhtLimits.MaxRecordsInAnswer, found);
        int left = DhtLimits.MaxMessageBytes - MessageCodec.AnswerHeadBytes - found.Sum(MessageCodec.SizeOf);
        var contacts = new List<DhtContact>(options.BucketSize);
        foreach (DhtContact contact in table.Closest(question.Target, options.BucketSize + 1))
        {
            left -= MessageCodec.SizeOf(contact);
            if (left < 0 || contacts.Count == options.BucketSize)
                break;
            if (contact.Key != asker.Key && contact.Address.Reach >= asker.Address.Reach)
                contacts.Add(contact);
        }

        return new DhtMessage { Kind = MessageKind.Found, Id = question.Id, Token = token, Contacts = contacts, Records = found };
    }

    private DhtMessage Store(DhtContact asker, DhtMessage question, ulong token, DateTimeOffset now)
    {
        StoreRefusal refusal = records.TryStore(question.Key!.Value, question.Records[0], asker.Address, now);
        if (refusal != StoreRefusal.None)
            counters.RecordsRefused++;
        MessageKind kind = refusal == StoreRefusal.None ? MessageKind.Stored : MessageKind.Refused;
        return new DhtMessage { Kind = kind, Id = question.Id, Token = token, Refusal = refusal };
    }
}
