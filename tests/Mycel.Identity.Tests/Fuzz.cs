using System.Globalization;

namespace Mycel.Identity.Tests;

/// <summary>Gives a parser damaged input: changed, cut, doubled and random bytes.</summary>
internal static class Fuzz
{
    private static readonly int Factor = int.Parse(Environment.GetEnvironmentVariable("MYCEL_FUZZ") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>Calls the parser some thousand times. Only a refusal may come out of it, or the parsed statement where a change does not matter.</summary>
    /// <param name="valid">Valid input; damage to it reaches deeper than noise.</param>
    /// <param name="parse">The parser.</param>
    public static void Run(byte[] valid, Action<byte[]> parse)
    {
        parse(valid);
        var random = new Random(20261121);
        for (int i = 0; i < 4000 * Factor; i++)
        {
            byte[] input = Damage(valid, random);
            try
            {
                parse(input);
            }
            catch (StatementException)
            {
                // A clear refusal.
            }
            catch (Exception defect)
            {
                Assert.Fail($"{Convert.ToHexStringLower(input)}: {defect}");
            }
        }
    }

    private static byte[] Damage(byte[] valid, Random random)
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
