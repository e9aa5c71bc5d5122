namespace Mycel.Dht;

/// <summary>What a node counts; meant as <see cref="DhtStatistics"/> says.</summary>
internal sealed class Counters
{
    public long LookupsStarted { get; set; }

    public long LookupsFound { get; set; }

    public long LookupsEmpty { get; set; }

    public long QuestionsSent { get; set; }

    public long QuestionsUnanswered { get; set; }

    public long QuestionsReceived { get; set; }

    public long QuestionsLimited { get; set; }

    public long TokensDemanded { get; set; }

    public long MessagesDropped { get; set; }

    public long RecordsRefused { get; set; }

    public long BytesSent { get; set; }

    public long BytesReceived { get; set; }
}
