namespace Mycel.Dht.Tests;

/// <summary>Damage to valid input: changed, cut, doubled and random bytes.</summary>
internal static class Fuzz
{
    public static byte[] Damage(byte[] valid, Random random)
    {
        var bytes = valid.ToList();
        switch (random.Next(6))
        {
            case 0:
                bytes.RemoveRange(random.Next(bytes.Count), 1);
                break;
            case 1:
                bytes = bytes[..random.Next(bytes.Count)];
                break;
            case 2:
                int at = random.Next(bytes.Count);
                bytes.InsertRange(at, bytes[at..Math.Min(bytes.Count, at + random.Next(64))]);
                break;
            case 3:
                var noise = new byte[random.Next(300)];
                random.NextBytes(noise);
                return noise;
            default:
                for (int n = random.Next(1, 5); n > 0; n--)
                    bytes[random.Next(bytes.Count)] = random.Next(3) == 0 ? (byte)0xFF : (byte)random.Next(256);
                break;
        }

        return [.. bytes];
    }
}
