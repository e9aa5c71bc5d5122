using System.Globalization;

namespace Mycel.Node.Tests.Protocol;

/// <summary>Damaged input for parsers: changed, cut, doubled, spliced and random bytes. <c>MYCEL_FUZZ</c> multiplies how many, <c>MYCEL_FUZZ_SEED</c> sets which.</summary>
internal sealed class Fuzzing
{
    /// <summary>Inputs a parser by default, which is some seconds for all of them; <c>MYCEL_FUZZ=10</c> is a million each.</summary>
    public const int DefaultCount = 100_000;

    private const int DefaultSeed = 20261121;

    private readonly byte[][] _valid;
    private readonly Random _random;
    private readonly byte[] _buffer;

    /// <param name="valid">Valid inputs; damage to them reaches deeper than noise.</param>
    /// <param name="salt">Makes the inputs of one test others than those of the next.</param>
    public Fuzzing(IEnumerable<byte[]> valid, int salt = 0)
    {
        _valid = [.. valid];
        _buffer = new byte[(2 * _valid.Max(input => input.Length)) + 512];
        _random = new Random(Seed + salt);
    }

    public static int Seed { get; } = Number("MYCEL_FUZZ_SEED", DefaultSeed);

    public static int Factor { get; } = Number("MYCEL_FUZZ", 1);

    /// <summary>The next input; valid until the one after.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        var valid = _valid[_random.Next(_valid.Length)];
        valid.CopyTo(_buffer, 0);
        var length = valid.Length;
        switch (_random.Next(8))
        {
            case 0:
                length = _random.Next(length + 1);
                break;
            case 1:
                var from = _random.Next(length);
                var count = _random.Next(1, Math.Min(256, length - from) + 1);
                Buffer.BlockCopy(_buffer, from, _buffer, from + count, length - from);
                length += count;
                break;
            case 2:
                var gone = _random.Next(length);
                Buffer.BlockCopy(_buffer, gone + 1, _buffer, gone, length - gone - 1);
                length--;
                break;
            case 3:
                length = _random.Next(512);
                _random.NextBytes(_buffer.AsSpan(0, length));
                break;
            case 4:
                var other = _valid[_random.Next(_valid.Length)];
                var keep = _random.Next(length + 1);
                var start = _random.Next(other.Length + 1);
                other.AsSpan(start).CopyTo(_buffer.AsSpan(keep));
                length = keep + other.Length - start;
                break;
            default:
                for (var n = _random.Next(1, 5); n > 0 && length > 0; n--)
                    _buffer[_random.Next(length)] = _random.Next(3) switch { 0 => 0xFF, 1 => 0, _ => (byte)_random.Next(256) };
                break;
        }

        return _buffer.AsMemory(0, length);
    }

    /// <summary>A number for the test's own choices.</summary>
    public int Choose(int below) => _random.Next(below);

    /// <summary>Gives a parser its inputs. Nothing but the refusals that it declares may come out of it.</summary>
    public static void Run(IEnumerable<byte[]> valid, Action<ReadOnlyMemory<byte>> parse, Func<Exception, bool> isRefusal, int salt, int count = DefaultCount)
    {
        var fuzzing = new Fuzzing(valid, salt);
        for (var i = 0; i < count * Factor; i++)
        {
            var input = fuzzing.Next();
            try
            {
                parse(input);
            }
            catch (Exception thrown) when (isRefusal(thrown))
            {
                // A clear refusal.
            }
            catch (Exception defect)
            {
                Assert.Fail($"Seed {Seed}, input {i} ({Convert.ToHexStringLower(input.Span)}): {defect}");
            }
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.Parse(Environment.GetEnvironmentVariable(variable) ?? otherwise.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
