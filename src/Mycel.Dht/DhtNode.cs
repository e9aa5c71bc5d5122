using Mycel.Dht.Lookups;
using Mycel.Dht.Records;
using Mycel.Dht.Requests;
using Mycel.Dht.Routing;
using Mycel.Dht.Wire;
using Mycel.Identity;

namespace Mycel.Dht;

/// <summary>
/// One node of the table. It has no thread, timer or socket: whoever owns it hands it the messages that arrive, calls <see cref="Tick"/> when
/// <see cref="UntilNextTick"/> is over, and sends what it gives to <see cref="IDhtNetwork"/>. Not safe for use from several threads at once: its owner calls it from one loop,
/// and all callbacks come on that loop. Nothing it is sent makes it throw.
/// </summary>
public sealed class DhtNode : ILookupHost
{
    /// <summary>How often a node that was told of is asked before it counts as one that takes no part.</summary>
    private const int SuggestionTries = 3;

    private readonly IDhtNetwork _network;
    private readonly TimeProvider _time;
    private readonly RoutingTable _table;
    private readonly RecordStore _records;
    private readonly RequestBook _requests;
    private readonly RateLimiter _limiter;
    private readonly EndpointTokens _tokens;
    private readonly Answerer _answerer;
    private readonly Maintenance _maintenance;
    private readonly NetworkSize _size = new();
    private readonly Counters _counters = new();
    private readonly HashSet<Lookup> _lookups = [];
    private long _nextRotation;
    private long _nextExpiry;

    /// <summary>Makes a node that knows nobody; <see cref="Join"/> lets it in.</summary>
    /// <param name="self">Whose node it is.</param>
    /// <param name="options">How it takes part; not changed afterwards.</param>
    /// <param name="network">What carries its messages.</param>
    /// <param name="time">The clock: the time of day for records, its timestamps for everything else.</param>
    /// <param name="random">Randomness; <see cref="SystemRandomness"/> outside of simulations.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    public DhtNode(PeerId self, DhtOptions options, IDhtNetwork network, TimeProvider time, IDhtRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        options.Validate();
        Self = DhtKey.Of(self);
        Options = options;
        Random = random;
        _network = network;
        _time = time;
        _table = new RoutingTable(options, Self);
        _records = new RecordStore(options, Self);
        _limiter = new RateLimiter(options, time.TimestampFrequency);
        _tokens = new EndpointTokens(random);
        _requests = new RequestBook(options, random, SendQuestion, Ticks(options.RequestTimeout));
        _answerer = new Answerer(options, _table, _records, _tokens, random, _counters);
        _maintenance = new Maintenance(this, _table);
        _maintenance.Begin(Now);
        _nextRotation = Now + Ticks(EndpointTokens.Rotation);
        _nextExpiry = Now + Ticks(TimeSpan.FromMinutes(1));
    }

    /// <summary>Where this node stands.</summary>
    public DhtKey Self { get; }

    /// <summary>How this node takes part.</summary>
    public DhtOptions Options { get; }

    /// <summary>Whether it asks and is never asked, since others cannot reach it; may change while it runs.</summary>
    public bool IsPassive
    {
        get => Options.Passive;
        set => Options.Passive = value;
    }

    /// <summary>How many nodes it knows.</summary>
    public int ContactCount => _table.Count;

    /// <summary>How long until <see cref="Tick"/> has something to do: zero or more. It may become shorter by each call to this node.</summary>
    public TimeSpan UntilNextTick
    {
        get
        {
            long now = Now;
            return NextDue <= now ? TimeSpan.Zero : _time.GetElapsedTime(now, NextDue);
        }
    }

    /// <summary>How many nodes the network has, by estimate; 1 or more.</summary>
    public double EstimatedNodes
    {
        get
        {
            if (_size.Estimate > 0)
                return _size.Estimate;
            List<DhtContact> near = _table.Closest(Self, Options.BucketSize);
            return near.Count < Options.BucketSize ? near.Count + 1 : NetworkSize.Of(near.Count, near[^1].Key.Xor(Self));
        }
    }

    internal IDhtRandom Random { get; }

    internal RoutingTable Table => _table;

    internal RecordStore Store => _records;

    internal RequestBook Requests => _requests;

    internal NetworkSize Size => _size;

    internal RateLimiter Limiter => _limiter;

    internal long Now => _time.GetTimestamp();

    /// <summary>When there is something to do next, by the clock's timestamp.</summary>
    internal long NextDue => Math.Min(Math.Min(_requests.NextDeadline, _maintenance.NextDue), Math.Min(_nextRotation, _nextExpiry));

    IDhtRandom ILookupHost.Random => Random;

    DateTimeOffset ILookupHost.UtcNow => _time.GetUtcNow();

    /// <summary>Takes a message that arrived.</summary>
    /// <param name="from">Who sent it and from where, as the carrier proved it; the address may be another's where <paramref name="isAddressProven"/> is false.</param>
    /// <param name="bytes">The message.</param>
    /// <param name="isAddressProven">Whether the carrier proved that the sender receives at its address, as a link does and a datagram does not.</param>
    public void Receive(DhtContact from, ReadOnlySpan<byte> bytes, bool isAddressProven = false)
    {
        ArgumentNullException.ThrowIfNull(from);
        _counters.BytesReceived += bytes.Length;
        long now = Now;
        if (from.Key == Self || from.Address.Reach == DhtReach.Nowhere)
        {
            _counters.MessagesDropped++;
            return;
        }

        if (MessageCodec.Read(bytes) is not { } message)
        {
            _counters.MessagesDropped++;
            return;
        }

        if (message.IsQuestion)
            Answer(from, message, isAddressProven, now);
        else if (_requests.Answered(from, message, now) is { } answered)
            Heard(answered, now);
        else
            _counters.MessagesDropped++;
    }

    /// <summary>Does what is due by the clock.</summary>
    public void Tick()
    {
        long now = Now;
        _requests.Expire(now, Unanswered);
        if (now >= _nextRotation)
        {
            _tokens.Rotate();
            _nextRotation = now + Ticks(EndpointTokens.Rotation);
        }

        if (now >= _nextExpiry)
        {
            _records.Expire(_time.GetUtcNow());
            _nextExpiry = now + Ticks(TimeSpan.FromMinutes(1));
        }

        if (now >= _maintenance.NextDue)
            _maintenance.Run(now);
    }

    /// <summary>Enters a network through nodes of it. They are remembered, and asked again should all others be gone.</summary>
    public void Join(IEnumerable<DhtContact> contacts)
    {
        ArgumentNullException.ThrowIfNull(contacts);
        _maintenance.Join(contacts);
    }

    /// <summary>Tells of a node that a link leads to, or led to lately: it is asked whether it takes part, up to three times, and known if it answers.</summary>
    public void Suggest(DhtContact contact)
    {
        ArgumentNullException.ThrowIfNull(contact);
        Suggest(contact, SuggestionTries);
    }

    private void Suggest(DhtContact contact, int tries)
    {
        if (contact.Key == Self || tries == 0 || _table.Contains(contact.Key))
            return;
        // Nobody else may ever tell of it again, and it may be starting itself.
        TryAsk(contact, Question.Ping, answer =>
        {
            if (answer is null)
                Suggest(contact, tries - 1);
        });
    }

    /// <summary>Finds the records of a key.</summary>
    /// <param name="key">Such as <see cref="DhtKey.OfProviders"/>.</param>
    /// <param name="done">Called once at the end; never before this returns true, unless no node is known.</param>
    /// <param name="found">Called with each record as soon as it is found, and again with a newer one of the same publisher.</param>
    /// <returns>False where too many lookups are under way; nothing is called then.</returns>
    public bool TryFindRecords(DhtKey key, Action<DhtLookupResult> done, Action<DhtRecord>? found = null)
    {
        ArgumentNullException.ThrowIfNull(done);
        var own = new List<ReadOnlyMemory<byte>>();
        _records.Sample(key, _time.GetUtcNow(), Random, int.MaxValue, Options.MaxRecordsPerKey, own);
        return TryStart(key, Radius(), [], true, null, found, own, result =>
        {
            if (result.Records.Count > 0)
                _counters.LookupsFound++;
            else
                _counters.LookupsEmpty++;
            done(result);
        });
    }

    /// <summary>Finds the nodes nearest to a key. Returns false where too many lookups are under way.</summary>
    public bool TryFindNodes(DhtKey key, Action<DhtLookupResult> done)
    {
        ArgumentNullException.ThrowIfNull(done);
        return TryLookupNodes(key, [], isRandom: false, done);
    }

    /// <summary>Keeps a record published: now, and again before it expires, until it is withdrawn or the node is gone.</summary>
    /// <param name="key">Where it belongs.</param>
    /// <param name="make">Makes the record anew, with a higher sequence and a later expiry each time; called on the loop.</param>
    /// <param name="done">Called each time it was published, with how many nodes stored it.</param>
    /// <returns>False where too many are published.</returns>
    public bool TryPublish(DhtKey key, Func<DhtRecord> make, Action<DhtLookupResult>? done = null)
    {
        ArgumentNullException.ThrowIfNull(make);
        return _maintenance.TryPublish(key, make, done);
    }

    /// <summary>Publishes a record no longer; what was stored of it expires by itself.</summary>
    public void Withdraw(DhtKey key) => _maintenance.Withdraw(key);

    /// <summary>Nodes that are known, for keeping over a restart: those nearest to this node first.</summary>
    public IReadOnlyList<DhtContact> KnownContacts(int most) => _table.Closest(Self, most);

    /// <summary>What this node knows and did so far.</summary>
    public DhtStatistics GetStatistics() => new()
    {
        Buckets = [.. _table.Buckets.Select(b => (b.Prefix, b.Bucket.Entries.Count, b.Bucket.Replacements.Count))],
        Contacts = _table.Count,
        Replacements = _table.ReplacementCount,
        EstimatedNodes = EstimatedNodes,
        Records = _records.Count,
        Publications = _maintenance.PublicationCount,
        LookupsRunning = _lookups.Count,
        LookupsStarted = _counters.LookupsStarted,
        LookupsFound = _counters.LookupsFound,
        LookupsEmpty = _counters.LookupsEmpty,
        QuestionsSent = _counters.QuestionsSent,
        QuestionsUnanswered = _counters.QuestionsUnanswered,
        QuestionsPending = _requests.Count,
        QuestionsReceived = _counters.QuestionsReceived,
        QuestionsLimited = _counters.QuestionsLimited,
        TokensDemanded = _counters.TokensDemanded,
        MessagesDropped = _counters.MessagesDropped,
        RecordsRefused = _counters.RecordsRefused,
        BytesSent = _counters.BytesSent,
        BytesReceived = _counters.BytesReceived,
    };

    bool ILookupHost.TryAsk(DhtContact to, Question question, Action<DhtMessage?> done) => TryAsk(to, question, done);

    internal bool TryAsk(DhtContact to, Question question, Action<DhtMessage?> done) => _requests.TryAsk(to, question, Now, done);

    internal long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    internal bool TryLookupNodes(DhtKey key, IReadOnlyList<DhtContact> seeds, bool isRandom, Action<DhtLookupResult> done)
        => TryStart(key, default, seeds, false, null, null, [], result =>
        {
            if (isRandom && result.Nodes.Count > 0)
                _size.Add(result.Nodes.Count, result.Nodes[^1].Key.Xor(key));
            done(result);
        });

    internal bool TryLookupToStore(DhtKey key, DhtRecord record, Action<DhtLookupResult> done)
    {
        _records.TryStore(key, record.Bytes, default, _time.GetUtcNow());
        return TryStart(key, Radius(), [], false, record, null, [], done);
    }

    /// <summary>How far the region around a key reaches that holds as many nodes as wanted, by the density of the whole network.</summary>
    private DhtKey Radius() => DhtKey.FromShare(Options.RegionNodes / EstimatedNodes);

    private bool TryStart(
        DhtKey key,
        DhtKey radius,
        IReadOnlyList<DhtContact> seeds,
        bool asksRecords,
        DhtRecord? toStore,
        Action<DhtRecord>? found,
        List<ReadOnlyMemory<byte>> own,
        Action<DhtLookupResult> done)
    {
        if (_lookups.Count >= Options.MaxLookups)
            return false;
        var lookup = new Lookup(this, key, radius, asksRecords, toStore, found, ended =>
        {
            _lookups.Remove(ended);
            done(ended.Result());
        });
        _lookups.Add(lookup);
        _counters.LookupsStarted++;
        lookup.Start(_table, seeds, own);
        return true;
    }

    private void Answer(DhtContact from, DhtMessage question, bool isAddressProven, long now)
    {
        _counters.QuestionsReceived++;
        if (!_limiter.TryTake(from.Address, now))
        {
            _counters.QuestionsLimited++;
            return;
        }

        (DhtMessage answer, bool isProven) = _answerer.Answer(from, question, isAddressProven, _time.GetUtcNow());
        Send(from, answer);
        if (isProven && !question.Passive)
            Heard(from, now);
    }

    private void Heard(DhtContact contact, long now)
    {
        // One in a full bucket is asked at once whether it is there, but not for every newcomer.
        long since = now - (Ticks(Options.LivenessInterval) / 4);
        if (_table.Heard(contact, now) is not { } oldest || oldest.HeardAt > since || oldest.CheckedAt > since)
            return;
        oldest.CheckedAt = now;
        TryAsk(oldest.Contact, Question.Ping, static _ => { });
    }

    private void Unanswered(DhtContact contact)
    {
        _counters.QuestionsUnanswered++;
        _table.Failed(contact.Key);
    }

    private void SendQuestion(DhtContact to, DhtMessage question)
    {
        _counters.QuestionsSent++;
        Send(to, question);
    }

    private void Send(DhtContact to, DhtMessage message)
    {
        byte[] bytes = MessageCodec.Write(message);
        _counters.BytesSent += bytes.Length;
        _network.Send(to, bytes);
    }
}
