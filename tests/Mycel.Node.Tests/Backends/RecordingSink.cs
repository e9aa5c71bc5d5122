using Mycel.Node.Backends;

namespace Mycel.Node.Tests.Backends;

/// <summary>Takes a reply as it is, committed from its first byte on if it is told so.</summary>
internal sealed class RecordingSink(bool commitsAtOnce = true) : IReplySink
{
    private readonly List<byte> _body = [];

    public List<ReplyHead> Heads { get; } = [];

    public bool Ended { get; private set; }

    public string? ReceiptId { get; set; }

    public SeenOutput Seen => default;

    public ReplyPace Pace => default;

    public bool IsCommitted { get; private set; }

    public int Received => _body.Count;

    public string Body => System.Text.Encoding.UTF8.GetString(_body.ToArray());

    public void Start(ReplyHead head) => Heads.Add(head);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        _body.AddRange(bytes);
        IsCommitted |= commitsAtOnce;
    }

    public ValueTask FlushAsync() => default;

    public void End() => Ended = true;
}
