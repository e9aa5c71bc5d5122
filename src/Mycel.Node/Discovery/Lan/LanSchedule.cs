namespace Mycel.Node.Discovery.Lan;

/// <summary>
/// When this node announces itself: some times in a row when it starts or its network changes, soon when another asks, and else about once a minute.
/// Times are since any fixed moment. For one thread at a time.
/// </summary>
internal sealed class LanSchedule(Random random)
{
    /// <summary>Pause between two announcements, give or take a quarter, so that devices that started together do not stay together.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(60);

    /// <summary>Shortest pause between two, whoever asks.</summary>
    public static readonly TimeSpan MinPause = TimeSpan.FromSeconds(1);

    /// <summary>Announcements in a row: a datagram may be lost.</summary>
    public const int Burst = 3;

    /// <summary>The longest that an asking node waits for an answer; the others of the account answer at other moments.</summary>
    public static readonly TimeSpan MaxAnswerDelay = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan MinAnswerDelay = TimeSpan.FromMilliseconds(20);

    private TimeSpan _last = TimeSpan.MinValue;
    private TimeSpan _due = TimeSpan.MaxValue;
    private int _burst;

    /// <summary>Whether what is sent next should ask the others to announce themselves.</summary>
    public bool Asks => _burst > 0;

    /// <summary>The node starts, or its network changed.</summary>
    public void Begin(TimeSpan now)
    {
        _burst = Burst;
        Advance(now);
    }

    /// <summary>Another node asks, or there is something new to say.</summary>
    public void Ask(TimeSpan now) => Advance(now + MinAnswerDelay + (random.NextDouble() * (MaxAnswerDelay - MinAnswerDelay)));

    /// <summary>It was announced.</summary>
    public void Sent(TimeSpan now)
    {
        _last = now;
        if (_burst > 0) _burst--;
        _due = now + (_burst > 0 ? MinPause * (Burst - _burst) : Every * (0.75 + (0.5 * random.NextDouble())));
    }

    /// <summary>How long until the next; zero where it is due.</summary>
    public TimeSpan Wait(TimeSpan now) => _due > now ? _due - now : TimeSpan.Zero;

    private void Advance(TimeSpan to)
    {
        if (_last != TimeSpan.MinValue && to < _last + MinPause) to = _last + MinPause;
        if (to < _due) _due = to;
    }
}
