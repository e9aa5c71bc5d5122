namespace Mycel.Node.Tests;

/// <summary>The ways in which bytes may arrive: whole, one by one, in two parts, in many.</summary>
internal static class Cuts
{
    /// <summary>Every cut in two, byte by byte, and <paramref name="random"/> random ones; each with a name for the failure message.</summary>
    public static IEnumerable<(string Name, byte[][] Parts)> Of(byte[] data, int seed, int random = 20)
    {
        yield return ("whole", [data]);
        yield return ("byte by byte", [.. data.Select(b => new[] { b })]);
        for (var at = 1; at < data.Length; at++) yield return ($"cut at {at}", [data[..at], data[at..]]);
        foreach (var cut in Random(data, seed, random)) yield return cut;
    }

    /// <summary>Random cuts only, for data too long to be cut everywhere.</summary>
    public static IEnumerable<(string Name, byte[][] Parts)> Random(byte[] data, int seed, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var random = new Random(seed + i);
            yield return ($"random cut, seed {seed + i}", Cut(data, random));
        }
    }

    public static byte[][] Cut(byte[] data, Random random)
    {
        var parts = new List<byte[]>();
        var most = 1 << random.Next(1, 18);
        for (var from = 0; from < data.Length;)
        {
            var length = Math.Min(data.Length - from, random.Next(1, most + 1));
            parts.Add(data[from..(from + length)]);
            from += length;
        }
        return [.. parts];
    }
}
