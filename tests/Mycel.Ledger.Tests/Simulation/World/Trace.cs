using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Mycel.Ledger.Tests.Simulation.World;

/// <summary>What happened: all of it as one number, by which two runs are compared, and the last lines for people.</summary>
internal sealed class Trace(bool keepAll)
{
    private const int Lines = 60;

    private readonly Queue<string> _last = new();
    private readonly List<string> _all = [];
    private ulong _hash = 0xCBF2_9CE4_8422_2325;

    /// <summary>Follows from every event and its details (FNV-1a).</summary>
    public ulong Hash => _hash;

    /// <summary>Whether lines are kept: a run for its hash alone is faster.</summary>
    public bool KeepsLines { get; } = keepAll;

    /// <summary>Notes an event.</summary>
    public void Add(long at, string what, long first = 0, long second = 0, long third = 0)
    {
        Mix((ulong)at);
        foreach (char letter in what)
            _hash = (_hash ^ letter) * 0x0000_0100_0000_01B3;
        Mix((ulong)first);
        Mix((ulong)second);
        Mix((ulong)third);
        if (!KeepsLines) return;
        string line = string.Create(CultureInfo.InvariantCulture, $"{at / 1e6,14:F6} s  {what} {first} {second} {third}");
        _all.Add(line);
        _last.Enqueue(line);
        if (_last.Count > Lines) _last.Dequeue();
    }

    /// <summary>The last lines.</summary>
    public string Tail() => string.Join('\n', _last);

    /// <summary>Every line in which a word occurs.</summary>
    public string Of(string word)
    {
        var found = new StringBuilder();
        foreach (string line in _all.Where(line => line.Contains(word, StringComparison.Ordinal)))
            found.AppendLine(line);
        return found.ToString();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mix(ulong value) => _hash = (ulong.RotateLeft(_hash, 23) ^ value) * 0x9E37_79B9_7F4A_7C15;
}
